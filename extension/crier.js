// Asking a server of Crier's, and saying in words what came of it.

const PATIENCE_MS = 60_000;

/** Something that is told to the person as it is. `ended` when there is nothing left to go on with. */
export class Refused extends Error {
  constructor(words, { ended = false } = {}) {
    super(words);
    this.ended = ended;
  }
}

/** A diagnosis, or a problem document (RFC 9457), in words. */
export function words({ title, cause, detail, errors, fix, diagnosis }) {
  const sentence = (text) => (/[.!?]$/.test(text) ? text : `${text}.`);
  const said = [title, cause ?? detail];
  if (errors?.length) said.splice(1, 1, ...errors.flatMap((error) => [error.message, error.fix]));
  else said.push((fix ?? diagnosis?.fix)?.[0]);
  return said.filter(Boolean).map(sentence).join(" ");
}

/** Posts to the extension's part of the API. Secrets go in the body, and none of this browser's cookies go along. */
export async function ask(server, path, body) {
  let answer;
  let said;
  try {
    answer = await fetch(`${server}/api/v1/connect/extension${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      credentials: "omit",
      redirect: "error",
      cache: "no-store",
      referrerPolicy: "no-referrer",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    said = answer.status === 204 ? null : await answer.json();
  } catch {
    throw new Refused(`${server} could not be reached, or something else answered there. It is tried again later.`);
  }
  if (answer.ok) return said;
  throw new Refused(words(said), { ended: said.code === "handover.ended" });
}
