// The rows of the fault matrix that need a browser: third-party cookies and storage blocked, the network on another site than Crier.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  allow,
  anotherBrowser,
  authorizeUrl,
  channelCount,
  channels,
  leaveInNewTab,
  signIn,
  tokenRequests,
} from "../support/connecting.mjs";
import {
  URL_OF_CRIER,
  URL_OF_PLAYGROUND,
  ask,
  connectPlayground,
  leaveForPlayground,
  newWindow,
  signUp,
  withBrowser,
  workspace,
} from "../support/house.mjs";
import { ending, picture, row } from "../support/row.mjs";

withBrowser();

const CONNECTED = "Ada is connected";

/** The row of a connect that ends here: its page, how many channels there are, and how often a code was exchanged. */
async function ends(name, page, title, { before, count = 1, exchanged = 1 }) {
  const told = await ending(page, title);
  await picture(page, name);
  const counted = (channels, codes) => `${channels}, ${codes} ${codes === 1 ? "code" : "codes"} exchanged`;
  const got = `${told}; ${counted(await channelCount(page), await tokenRequests(page, before))}`;
  row(name, `${title}; ${counted(`${count} ${count === 1 ? "channel" : "channels"}`, exchanged)}`, got);
}

/** Signed up, and on the Playground's consent page. */
async function away(account) {
  const person = await signUp();
  await leaveForPlayground(person.page, account);
  return { ...person, before: await tokenRequests(person.page, 0) };
}

test("third-party cookies and storage are blocked in these journeys", async () => {
  const { page, context } = await newWindow();
  const html = (body) => (route) => route.fulfill({ contentType: "text/html", body });
  const probe = `<script>
    const tried = (what) => { try { return what() ? "kept" : "refused" } catch { return "refused" } };
    const cookie = tried(() => { document.cookie = "probe=1; SameSite=None; Secure"; return document.cookie.includes("probe") });
    const storage = tried(() => { localStorage.setItem("probe", "1"); return localStorage.getItem("probe") });
    top.postMessage(\`cookie \${cookie}, storage \${storage}\`, "*");
  </script>`;
  const heard = `<script>onmessage = ({ data }) => { document.title = data }</script>`;
  await context.route(`${URL_OF_PLAYGROUND}/probe`, html(`${heard}${probe}`));
  await context.route(`${URL_OF_CRIER}/outer`, html(`${heard}<iframe src="${URL_OF_PLAYGROUND}/probe"></iframe>`));
  const said = async (url) => {
    await page.goto(url);
    await page.waitForFunction(() => document.title.startsWith("cookie"));
    return page.title();
  };
  assert.notEqual(new URL(URL_OF_CRIER).hostname, new URL(URL_OF_PLAYGROUND).hostname);
  const got = `${await said(`${URL_OF_PLAYGROUND}/probe`)}; as a third party: ${await said(`${URL_OF_CRIER}/outer`)}`;
  const expected = "cookie kept, storage kept; as a third party: cookie refused, storage refused";
  row("third-party cookies and storage are blocked", expected, got);
});

test("finishing in another tab is learnt where it began", async () => {
  const { page } = await signUp();
  const other = await leaveInNewTab(page);
  const before = await tokenRequests(page, 0);
  await allow(other).click();
  await ends("second tab", other, CONNECTED, { before });
  // Without a reload.
  await ends("second tab", page, CONNECTED, { before });
});

test("another browser confirms after signing in, and the first learns of it", async () => {
  const { page, email, before } = await away();
  const waiting = await page.context().newPage();
  await waiting.goto("/channels/add/playground");
  await waiting.getByRole("button", { name: "Open in a new tab" }).click();
  const other = await newWindow();
  await other.page.goto(await authorizeUrl(page));
  await other.page.getByRole("button", { name: "Sign in as Ada" }).click();
  await allow(other.page).click();
  await signIn(other.page, email);
  const yes = other.page.getByRole("button", { name: "Yes, connect Ada" });
  await yes.waitFor();
  assert.deepEqual(await channels(other.page), []);
  await yes.click();
  await ends("other browser", other.page, CONNECTED, { before });
  await ends("other browser", waiting, CONNECTED, { before });
});

test("a dropped connect cookie costs nothing while the session lives", async () => {
  const { page, context, before } = await away();
  await context.clearCookies({ name: "connect" });
  await allow(page).click();
  await ends("cookie blocked", page, CONNECTED, { before });
});

test("without any cookie it costs one sign-in and one click", async () => {
  const { page, context, email, before } = await away();
  await context.clearCookies({ name: "session" });
  await context.clearCookies({ name: "connect" });
  await allow(page).click();
  await signIn(page, email);
  const yes = page.getByRole("button", { name: "Yes, connect Ada" });
  await yes.waitFor();
  assert.deepEqual(await channels(page), []);
  await yes.click();
  await ends("cookie blocked", page, CONNECTED, { before });
});

test("a private window that was closed is followed by the ordinary one", async () => {
  const { page, context, email, before } = await away();
  const url = await authorizeUrl(page);
  await context.close();
  const { page: ordinary } = await anotherBrowser(email);
  await ordinary.goto(url);
  await ordinary.getByRole("button", { name: "Sign in as Ada" }).click();
  await allow(ordinary).click();
  await ends("private window closed", ordinary, CONNECTED, { before });
});

test("reloading the network's page changes nothing", async () => {
  const { page, before } = await away();
  await page.reload();
  await page.reload();
  await allow(page).click();
  await ends("reload on the provider page", page, CONNECTED, { before });
});

test("a double click on Allow connects once", async () => {
  const { page, before } = await away();
  await allow(page).dblclick();
  await ends("double click on allow", page, CONNECTED, { before });
});

test("reloading the callback changes nothing", async () => {
  const { page, before } = await away();
  const landed = page.waitForRequest((request) => request.url().includes("/integrations/social/playground"));
  await allow(page).click();
  const callback = (await landed).url();
  await page.getByRole("heading", { name: CONNECTED }).waitFor();
  await page.goto(callback);
  await ends("reload of the callback", page, CONNECTED, { before });
  await page.reload();
  await ends("reload of the callback", page, CONNECTED, { before });
});

test("going back after success and allowing once more ends on the same channel", async () => {
  const { page, before } = await away();
  await allow(page).click();
  await page.getByRole("heading", { name: CONNECTED }).waitFor();
  while (!page.url().startsWith(URL_OF_PLAYGROUND)) await page.goBack();
  await page.reload();
  await allow(page).click();
  await page.waitForURL(`${URL_OF_CRIER}/**`);
  await ends("back button after success", page, CONNECTED, { before });
});

test("two tabs at once connect two accounts without disturbing each other", async () => {
  const { page, context, before } = await away();
  const other = await context.newPage();
  await other.goto("/channels/add/playground");
  await other.getByRole("button", { name: "Continue to Playground" }).click();
  await allow(other).waitFor();
  await other.getByRole("link", { name: "Use another account" }).click();
  await other.getByRole("button", { name: "Sign in as Grace" }).click();
  await allow(other).click();
  await ends("two tabs at once", other, "Grace is connected", { before });
  await page.reload();
  await page.getByRole("link", { name: "Use another account" }).click();
  await page.getByRole("button", { name: "Sign in as Ada" }).click();
  await allow(page).click();
  await ends("two tabs at once", page, CONNECTED, { before, count: 2, exchanged: 2 });
  assert.deepEqual((await channels(page)).map((channel) => channel.handle).sort(), ["ada", "grace"]);
});

test("a session that ended while away costs a sign-in and no question", async () => {
  const { page, email, before } = await away();
  const other = await anotherBrowser(email);
  const { items } = await ask(other.page, "/api/v1/auth/sessions");
  for (const session of items.filter((each) => !each.current)) {
    await ask(other.page, `/api/v1/auth/sessions/${session.id}`, { method: "DELETE", headers: { origin: URL_OF_CRIER } });
  }
  await allow(page).click();
  await signIn(page, email);
  await ends("session expired while away", page, CONNECTED, { before });
});

test("saying no ends on a page with the cause, and trying again works", async () => {
  const { page, before, complaints } = await away();
  await page.getByRole("button", { name: "Deny" }).click();
  await ends("consent denied", page, "You said no at the network", { before, count: 0, exchanged: 0 });
  await page.getByRole("button", { name: "Try again" }).click();
  await page.waitForURL(`${URL_OF_PLAYGROUND}/**`);
  await allow(page).click();
  await page.getByRole("heading", { name: CONNECTED }).waitFor();
  assert.equal((await channels(page)).length, 1);
  assert.deepEqual(complaints, []);
});

/** Takes a permission's tick away on the consent page. */
const untick = (page, scope) => page.locator(`input[name="scope"][value="${scope}"]`).uncheck();

test("a permission that is needed is named when it was not granted", async () => {
  const { page, before } = await away();
  await untick(page, "posts:write");
  await allow(page).click();
  await ends("scope unticked, one that is needed", page, "A permission is missing", { before, count: 0 });
  await page.getByText(/^posts:write: /).waitFor();
  await page.getByRole("button", { name: "Try again" }).click();
  await page.waitForURL(`${URL_OF_PLAYGROUND}/**`);
  await allow(page).click();
  await page.getByRole("heading", { name: CONNECTED }).waitFor();
});

test("a permission that is not needed may be left out", async () => {
  const { page, before } = await away();
  await untick(page, "metrics:read");
  await allow(page).click();
  await ends("scope unticked, one that is not", page, "A permission is missing", { before, count: 0 });
  await page.getByText(/^metrics:read: /).waitFor();
  await page.getByRole("button", { name: "Connect anyway" }).click();
  await page.getByRole("heading", { name: CONNECTED }).waitFor();
  assert.equal(await channelCount(page), "1 channel");
});

test("the wrong account on a reconnect is named, and can be added as a new channel", async () => {
  const { page } = await signUp();
  await connectPlayground(page, "Ada");
  const before = await tokenRequests(page, 0);
  const [channel] = await channels(page);
  await page.goto(`/channels/${channel.id}`);
  await page.getByRole("link", { name: "Reconnect" }).or(page.getByRole("button", { name: "Reconnect" })).first().click();
  await page.getByRole("button", { name: "Continue to Playground" }).click();
  await page.waitForURL(`${URL_OF_PLAYGROUND}/**`);
  await page.getByRole("link", { name: "Use another account" }).click();
  await page.getByRole("button", { name: "Sign in as Grace" }).click();
  await allow(page).click();
  await ends("wrong account on reconnect", page, "Another account came back", { before });
  await page.getByRole("button", { name: "Add as a new channel" }).click();
  await page.getByRole("heading", { name: "Grace is connected" }).waitFor();
  assert.deepEqual((await channels(page)).map((each) => each.handle).sort(), ["ada", "grace"]);
});

test("a link made by an attacker attaches nothing to either of them", async () => {
  const attacker = await signUp();
  const before = await tokenRequests(attacker.page, 0);
  const base = await workspace(attacker.page);
  const made = await ask(attacker.page, `${base}/attempts`, {
    method: "POST",
    data: { network: "playground" },
    headers: { origin: URL_OF_CRIER },
  });
  const victim = await signUp();
  await victim.page.goto(made.authorize_url);
  await victim.page.getByRole("button", { name: "Sign in as Grace" }).click();
  await allow(victim.page).click();
  await victim.page.waitForURL(`${URL_OF_CRIER}/**`);
  const name = "attacker's link opened by a victim";
  await ends(name, victim.page, "There is no such connect", { before, count: 0 });
  // The attacker has no way on: only the browser that came back holds what confirms it.
  await attacker.page.goto(`/connect/${made.id}`);
  await attacker.page.getByText("The account waits to be confirmed in the browser tab").waitFor();
  assert.equal(await attacker.page.getByRole("button", { name: /^Yes, connect/ }).count(), 0);
  row(name, "0 channels of the attacker", `${await channelCount(attacker.page)} of the attacker`);
});

test("a state nobody gave out is explained", async () => {
  const { page } = await newWindow();
  await page.goto("/integrations/social/playground?code=x&state=forged");
  const title = "This sign-in was not started here";
  const told = await ending(page, title);
  await picture(page, "state nobody gave out");
  row("state nobody gave out", title, told);
});

test("a redirect that cannot reach the server is finished by pasting its address", async () => {
  const { page, context } = await signUp();
  const other = await leaveInNewTab(page);
  const before = await tokenRequests(page, 0);
  // Allow is pressed without following the redirect: as where the browser can't reach this server.
  const form = await allow(other).evaluate((button) => {
    const fields = new FormData(button.form, button);
    return { action: button.form.action, body: new URLSearchParams([...fields]).toString() };
  });
  const answer = await context.request.post(form.action, {
    data: form.body,
    headers: { "content-type": "application/x-www-form-urlencoded", origin: URL_OF_PLAYGROUND },
    maxRedirects: 0,
  });
  const landed = answer.headers().location;
  assert.ok(landed?.includes("/integrations/social/playground?"), `${answer.status()} ${landed}`);
  await page.getByText("You allowed access, but the page did not load?").click();
  await page.getByLabel("Address you landed on").fill("https://example.org/elsewhere");
  await page.getByRole("button", { name: "Finish with this address" }).click();
  await page.getByText(/This is not the address of a return/).waitFor();
  assert.deepEqual(await channels(page), []);
  await page.getByLabel("Address you landed on").fill(landed);
  await page.getByRole("button", { name: "Finish with this address" }).click();
  await ends("finished by hand", page, CONNECTED, { before });
});
