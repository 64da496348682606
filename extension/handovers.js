// The hand-overs: the first one with its code, those that follow with their token, and their end. Only the worker calls this, so
// that nothing is written by two at once.
import { ask, Refused, words } from "./crier.js";
import { permissionsFor } from "./pairing.js";

const DAY_MS = 24 * 60 * 60 * 1000;
/** Between two tries of one that did not go well. */
const AGAIN_MS = 60 * 60 * 1000;

/** Those that go on, oldest first. */
export async function all() {
  const { handovers = [] } = await chrome.storage.local.get("handovers");
  return handovers;
}

const keep = (handovers) => chrome.storage.local.set({ handovers });

async function change(id, changes) {
  await keep((await all()).map((it) => (it.id === id ? { ...it, ...changes } : it)));
}

/** Exactly these cookies of this site, as it would get them. */
async function session({ site, origin, cookies }) {
  const found = {};
  const missing = [];
  for (const name of cookies) {
    const cookie = await chrome.cookies.get({ url: `${origin}/`, name });
    if (cookie?.value) found[name] = cookie.value;
    else missing.push(`“${name}”`);
  }
  if (missing.length === 0) return found;
  throw new Refused(
    `You are not signed in to ${site} in this browser: there is no cookie ${missing.join(", ")}. Sign in at ${origin}, then try again.`,
  );
}

/** The first hand-over, to the connect that waits. What came of it, in words. */
export async function handOver({ code, ...pairing }) {
  const { server, site, origin, workspace } = pairing;
  const { state, account, diagnosis, token, expires_at } = await ask(server, "", {
    code,
    cookies: await session(pairing),
  });
  if (!token) throw new Refused(diagnosis ? words(diagnosis) : `${server} did not connect it.`);
  const error = state === "connected" ? null : `It is not connected yet: go on at Crier’s page. ${diagnosis ? words(diagnosis) : ""}`;
  const handover = {
    ...pairing,
    id: crypto.randomUUID(),
    account: account ? `${account.name} (${account.handle})` : site,
    token,
    expiresAt: expires_at,
    renewedAt: Date.now(),
    triedAt: Date.now(),
    error,
    ended: false,
  };
  // The server keeps the newest of one account; so does this list, where it can tell.
  const others = (await all()).filter(
    (it) => [it.server, it.workspace, it.origin, it.account].join() !== [server, workspace, origin, handover.account].join(),
  );
  await keep([...others, handover]);
  if (error) throw new Refused(error);
  return `${handover.account} is connected.`;
}

/** Brings the new cookies; what went wrong stays with the hand-over until it goes well. */
export async function renew(id) {
  const handover = (await all()).find((it) => it.id === id);
  if (!handover || handover.ended) return;
  const { server, token } = handover;
  const triedAt = Date.now();
  try {
    const { account, expires_at } = await ask(server, "/renew", { token, cookies: await session(handover) });
    const name = `${account.name} (${account.handle})`;
    await change(id, { account: name, expiresAt: expires_at, renewedAt: triedAt, triedAt, error: null });
  } catch (error) {
    const told = error instanceof Refused ? error.message : `The cookies of ${handover.origin} can’t be read any more.`;
    await change(id, { triedAt, error: told, ended: Boolean(error.ended) });
  }
}

/** Renews what was renewed a day ago or before; what did not go well, after an hour. */
export async function renewDue(now = Date.now()) {
  for (const { id, renewedAt, triedAt } of await all()) {
    if (now - renewedAt >= DAY_MS && now - triedAt >= AGAIN_MS) await renew(id);
  }
}

/** Ends one: the server forgets its token, and the browser what was allowed for it alone. */
export async function stop(id) {
  const handovers = await all();
  const stopped = handovers.find((it) => it.id === id);
  if (!stopped) return "";
  const left = handovers.filter((it) => it.id !== id);
  let told = `Stopped. ${stopped.server} gets nothing more of ${stopped.site}.`;
  try {
    await ask(stopped.server, "/stop", { token: stopped.token });
  } catch {
    told = `Stopped here. ${stopped.server} could not be told; it gets nothing more of ${stopped.site} all the same.`;
  }
  await keep(left);
  await giveBack(stopped, left);
  return told;
}

async function giveBack(stopped, left) {
  const needed = new Set(left.flatMap((it) => permissionsFor(it).origins));
  const origins = permissionsFor(stopped).origins.filter((origin) => !needed.has(origin));
  const permissions = left.length === 0 ? ["cookies"] : [];
  // An administrator may have allowed it for good.
  await chrome.permissions.remove({ permissions, origins }).catch(() => false);
}
