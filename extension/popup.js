// What the person sees: what a page asks for, and what is handed over already.
import { permissionsFor, read } from "./pairing.js";

const by = (id) => document.getElementById(id);
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

function say(id, text) {
  by(id).textContent = text;
  by(id).hidden = !text;
}

const tell = (message) => chrome.runtime.sendMessage(message);

/** The tab this was opened on; in a tab of its own, the one that `?tab=` names. */
async function tabId() {
  const named = Number(new URLSearchParams(location.search).get("tab"));
  if (named) return named;
  const [tab] = await chrome.tabs.query({ active: true, currentWindow: true });
  return tab?.id;
}

/** What the page in that tab asks for; null when it asks for nothing. */
async function asked() {
  const look = () => ({
    origin: location.origin,
    pairing: document.getElementById("crier-extension")?.dataset.pairing ?? null,
  });
  try {
    const [{ result }] = await chrome.scripting.executeScript({ target: { tabId: await tabId() }, func: look });
    return result.pairing && read(result.origin, result.pairing);
  } catch {
    // A page of the browser's own, which no extension may look at.
    return null;
  }
}

const isLocal = ({ hostname }) => ["localhost", "127.0.0.1", "[::1]"].includes(hostname);

function offer(pairing) {
  const { server, site, origin, cookies, workspace } = pairing;
  say("offer-title", `Hand over your session at ${site}?`);
  say("offer-origin", origin);
  say("offer-what", cookies.length === 1 ? "The cookie" : "The cookies");
  say("offer-cookies", cookies.join(", "));
  say("offer-server", server);
  say("offer-workspace", workspace);
  by("offer-workspace").previousElementSibling.hidden = !workspace;
  say(
    "offer-meaning",
    `With this session ${server} can act as you at ${site}, as this browser does. Once a day it gets the new one, until you stop it here. Allow this only if ${server} is yours, or you trust those who run it.`,
  );
  const to = new URL(server);
  say("offer-open", to.protocol === "http:" && !isLocal(to) ? `The way to ${server} is not encrypted: others on it can read along.` : "");
  by("offer").hidden = false;
  const allow = by("allow");
  allow.addEventListener("click", async () => {
    allow.disabled = true;
    // The browser asks only within the click, so nothing is waited for before.
    const granted = chrome.permissions.request(permissionsFor(pairing)).catch(() => false);
    await chrome.storage.session.set({ allowed: pairing });
    if (await granted) {
      await tell({ task: "hand over" });
      await showOutcome();
    } else {
      await chrome.storage.session.remove("allowed");
      say("outcome", "The browser was not allowed to. Nothing was handed over.");
    }
    allow.disabled = false;
  });
  allow.focus();
}

/** What came of the last thing that was done, once. */
async function showOutcome() {
  const { outcome } = await chrome.storage.session.get("outcome");
  if (!outcome) return;
  await chrome.storage.session.remove("outcome");
  say("outcome", outcome.text);
  by("outcome").classList.toggle("wrong", outcome.failed);
  if (!outcome.failed) by("offer").hidden = true;
}

function shown(handover) {
  const { id, account, site, server, workspace, renewedAt, expiresAt, error, ended } = handover;
  const item = by("handover").content.cloneNode(true);
  const part = (selector) => item.querySelector(selector);
  part("h3").textContent = `${account} at ${site}`;
  part(".to").textContent = workspace ? `To ${server}, workspace “${workspace}”` : `To ${server}`;
  const until = ended ? "It has ended." : `Good until ${moment.format(new Date(expiresAt))} without another.`;
  part(".when").textContent = `Last handed over ${moment.format(new Date(renewedAt))}. ${until}`;
  part(".wrong").textContent = error ?? "";
  part(".wrong").hidden = !error;
  const [renew, stop] = [part(".renew"), part(".stop")];
  renew.hidden = ended;
  stop.textContent = ended ? "Remove" : "Stop";
  renew.setAttribute("aria-label", `Renew now: ${account} at ${site}`);
  stop.setAttribute("aria-label", `${stop.textContent}: ${account} at ${site}`);
  for (const [button, task] of [
    [renew, "renew"],
    [stop, "stop"],
  ]) {
    button.addEventListener("click", async () => {
      button.disabled = true;
      await tell({ task, id });
      await showOutcome();
    });
  }
  return item;
}

async function list() {
  const { handovers = [] } = await chrome.storage.local.get("handovers");
  by("list").hidden = handovers.length === 0;
  by("handovers").replaceChildren(...handovers.map(shown));
}

chrome.storage.local.onChanged.addListener(list);
const [pairing] = await Promise.all([asked(), list()]);
if (pairing) offer(pairing);
else by("nothing").hidden = false;
await showOutcome();
