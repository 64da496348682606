// What a page of Crier's that waits asks to be handed over.

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}$/;

/** The origin of an address, if it is one that people open; null otherwise. */
function originOf(address) {
  try {
    const url = new URL(address);
    return ["http:", "https:"].includes(url.protocol) && url.origin === address ? address : null;
  } catch {
    return null;
  }
}

const isText = (value, max) => typeof value === "string" && value.length > 0 && value.length <= max;

/**
 * Reads what a page carries. Whom it is for is not the page's to say: it is the page's own origin.
 * Null when the page asks for nothing, or in a way that is not understood.
 */
export function read(server, text) {
  let asked;
  try {
    asked = JSON.parse(text);
  } catch {
    return null;
  }
  const fits =
    originOf(server) &&
    originOf(asked?.origin) &&
    isText(asked.site, 100) &&
    isText(asked.code, 100) &&
    Array.isArray(asked.cookies) &&
    asked.cookies.length > 0 &&
    asked.cookies.length <= 20 &&
    asked.cookies.every((name) => typeof name === "string" && NAME.test(name));
  if (!fits) return null;
  const { site, origin, cookies, code } = asked;
  return { server, site, origin, cookies, code, workspace: isText(asked.workspace, 200) ? asked.workspace : "" };
}

/** What the browser is asked to allow: this site and this server, and no other. Patterns of hosts hold for all their ports. */
export function permissionsFor({ server, origin }) {
  const pattern = (address) => {
    const { protocol, hostname } = new URL(address);
    return `${protocol}//${hostname}/*`;
  };
  return { permissions: ["cookies"], origins: [...new Set([server, origin].map(pattern))] };
}
