// What journeys through a connect have in common.
import { URL_OF_PLAYGROUND, ask, newWindow, workspace } from "./house.mjs";

export const PASSWORD = "correct horse battery";

export const allow = (page) => page.getByRole("button", { name: "Allow", exact: true });

/** Goes as far as the Playground's consent page in another tab, and gives that tab. */
export async function leaveInNewTab(page) {
  await page.goto("/channels/add/playground");
  const popup = page.context().waitForEvent("page");
  await page.getByRole("button", { name: "Open in a new tab" }).click();
  const other = await popup;
  await other.getByRole("button", { name: "Sign in as Ada" }).click();
  await allow(other).waitFor();
  return other;
}

export async function channels(page) {
  return (await ask(page, `${await workspace(page)}/channels`)).items;
}

/** How many channels there are, in words. */
export async function channelCount(page) {
  const { length } = await channels(page);
  return `${length} ${length === 1 ? "channel" : "channels"}`;
}

/** How often a code was exchanged since `start`, as the Playground counts. */
export async function tokenRequests(page, start) {
  const { entries } = await ask(page, `${URL_OF_PLAYGROUND}/log.json`);
  return entries.filter((entry) => entry.grant_type === "authorization_code").length - start;
}

/** Where the newest connect sends its person. */
export async function authorizeUrl(page) {
  const { items } = await ask(page, `${await workspace(page)}/attempts`);
  return items[0].authorize_url;
}

/** Signs in on the page that asks for it. */
export async function signIn(page, email) {
  await page.waitForURL("**/sign-in**");
  await page.getByLabel("E-mail").fill(email);
  await page.getByRole("textbox", { name: "Password" }).fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

/** Another browser of the same person, signed in there. */
export async function anotherBrowser(email) {
  const other = await newWindow();
  const data = { email, password: PASSWORD };
  await ask(other.page, "/api/v1/auth/sign-in", { method: "POST", data, headers: { origin: process.env.CRIER_URL } });
  return other;
}
