// What goes on without a page: handing over once it is allowed, and renewing day by day.
import { Refused } from "./crier.js";
import { handOver, renew, renewDue, stop } from "./handovers.js";
import { permissionsFor } from "./pairing.js";

const RENEW = "renew";
const EVERY_MINUTES = 60;

/** One thing at a time, so that none writes over another. */
let last = Promise.resolve();
function inTurn(task) {
  const mine = last.then(task);
  last = mine.catch(() => {});
  return mine;
}

/**
 * Hands over what the person has just allowed. The browser's question may close the popup before it can say so; then the
 * permission itself is the word. Whichever comes second finds nothing left to do.
 */
async function handOverAllowed() {
  const { allowed } = await chrome.storage.session.get("allowed");
  if (!allowed || !(await chrome.permissions.contains(permissionsFor(allowed)))) return;
  await chrome.storage.session.remove("allowed");
  await chrome.storage.session.set({ outcome: await outcomeOf(() => handOver(allowed)) });
}

/** What came of something, in words for the popup. */
async function outcomeOf(task) {
  try {
    return { text: await task(), failed: false };
  } catch (error) {
    if (error instanceof Refused) return { text: error.message, failed: true };
    return { text: `That did not work: ${error.message}`, failed: true };
  }
}

const TASKS = {
  "hand over": () => handOverAllowed(),
  renew: ({ id }) => renew(id),
  stop: async ({ id }) => chrome.storage.session.set({ outcome: await outcomeOf(() => stop(id)) }),
};

chrome.runtime.onMessage.addListener((message, _sender, done) => {
  const task = TASKS[message.task];
  if (!task) return false;
  inTurn(() => task(message)).finally(() => done(null));
  return true;
});

chrome.permissions.onAdded.addListener(() => inTurn(handOverAllowed));

chrome.alarms.onAlarm.addListener((alarm) => {
  if (alarm.name === RENEW) inTurn(() => renewDue());
});

// Alarms may be lost when the browser ends or the extension is brought up to date.
chrome.alarms.get(RENEW).then((alarm) => {
  if (!alarm) chrome.alarms.create(RENEW, { delayInMinutes: 1, periodInMinutes: EVERY_MINUTES });
});
