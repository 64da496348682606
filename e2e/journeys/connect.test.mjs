import assert from "node:assert/strict";
import { test } from "node:test";
import {
  URL_OF_PLAYGROUND,
  ask,
  connectPlayground,
  leaveForPlayground,
  newWindow,
  signUp,
  withBrowser,
  workspace,
} from "../support/house.mjs";

withBrowser();

const allow = (page) => page.getByRole("button", { name: "Allow", exact: true });

/** Goes as far as the Playground's consent page in another tab, and gives that tab. */
async function leaveInNewTab(page) {
  await page.goto("/channels/add/playground");
  const popup = page.context().waitForEvent("page");
  await page.getByRole("button", { name: "Open in a new tab" }).click();
  const other = await popup;
  await other.getByRole("button", { name: "Sign in as Ada" }).click();
  await allow(other).waitFor();
  return other;
}

async function channels(page) {
  return (await ask(page, `${await workspace(page)}/channels`)).items;
}

/** How often a code was exchanged since `start`, as the Playground counts. */
async function tokenRequests(page, start) {
  const { entries } = await ask(page, `${URL_OF_PLAYGROUND}/log.json`);
  return entries.filter((entry) => entry.grant_type === "authorization_code").length - start;
}

test("saying no ends on a page with the cause, and trying again works", async () => {
  const { page, complaints } = await signUp();
  await leaveForPlayground(page);
  await page.getByRole("button", { name: "Deny" }).click();
  await page.waitForURL("**/connect/*");
  await page.getByRole("heading", { name: "You said no at the network" }).waitFor();
  assert.deepEqual(await channels(page), []);
  await page.getByRole("button", { name: "Try again" }).click();
  await page.waitForURL(`${URL_OF_PLAYGROUND}/**`);
  await allow(page).click();
  await page.getByRole("heading", { name: "Ada is connected" }).waitFor();
  assert.equal((await channels(page)).length, 1);
  assert.deepEqual(complaints, []);
});

test("a double click on Allow connects once", async () => {
  const { page } = await signUp();
  await leaveForPlayground(page);
  const before = await tokenRequests(page, 0);
  await allow(page).dblclick();
  await page.waitForURL("**/connect/*");
  await page.getByRole("heading", { name: "Ada is connected" }).waitFor();
  assert.equal((await channels(page)).length, 1);
  assert.equal(await tokenRequests(page, before), 1);
});

test("finishing in another tab is learnt where it began", async () => {
  const { page } = await signUp();
  const other = await leaveInNewTab(page);
  await allow(other).click();
  await other.getByRole("heading", { name: "Ada is connected" }).waitFor();
  // Without a reload.
  await page.getByRole("heading", { name: "Ada is connected" }).waitFor();
});

test("a redirect that cannot reach the server is finished by pasting its address", async () => {
  const { page, context } = await signUp();
  const other = await leaveInNewTab(page);
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
  await page.getByRole("heading", { name: "Ada is connected" }).waitFor();
  assert.equal((await channels(page)).length, 1);
});

test("reloading the callback and going back change nothing", async () => {
  const { page } = await signUp();
  await leaveForPlayground(page);
  const landed = page.waitForRequest((request) => request.url().includes("/integrations/social/playground"));
  await allow(page).click();
  const callback = (await landed).url();
  await page.getByRole("heading", { name: "Ada is connected" }).waitFor();
  const before = await tokenRequests(page, 0);
  await page.goto(callback);
  await page.getByRole("heading", { name: "Ada is connected" }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "Ada is connected" }).waitFor();
  assert.equal(await tokenRequests(page, before), 0);
  assert.equal((await channels(page)).length, 1);
});

test("two tabs at once connect two accounts without disturbing each other", async () => {
  const { page, context } = await signUp();
  await leaveForPlayground(page, "Ada");
  const other = await context.newPage();
  await other.goto("/channels/add/playground");
  await other.getByRole("button", { name: "Continue to Playground" }).click();
  await allow(other).waitFor();
  await other.getByRole("link", { name: "Use another account" }).click();
  await other.getByRole("button", { name: "Sign in as Grace" }).click();
  await allow(other).click();
  await other.getByRole("heading", { name: "Grace is connected" }).waitFor();
  await page.reload();
  await page.getByRole("link", { name: "Use another account" }).click();
  await page.getByRole("button", { name: "Sign in as Ada" }).click();
  await allow(page).click();
  await page.getByRole("heading", { name: "Ada is connected" }).waitFor();
  assert.deepEqual((await channels(page)).map((channel) => channel.handle).sort(), ["ada", "grace"]);
});

test("lost cookies cost one sign-in and one click", async () => {
  const { page, context, email } = await signUp();
  await leaveForPlayground(page);
  await context.clearCookies({ name: "session" });
  await context.clearCookies({ name: "connect" });
  await allow(page).click();
  await page.waitForURL("**/sign-in**");
  await page.getByLabel("E-mail").fill(email);
  await page.getByRole("textbox", { name: "Password" }).fill("correct horse battery");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("button", { name: /attach|confirm|connect/i }).first().click();
  await page.getByRole("heading", { name: "Ada is connected" }).waitFor();
  assert.equal((await channels(page)).length, 1);
});

test("a link made by an attacker attaches nothing to either of them", async () => {
  const attacker = await signUp();
  const base = await workspace(attacker.page);
  const made = await ask(attacker.page, `${base}/attempts`, {
    method: "POST",
    data: { network: "playground" },
    headers: { origin: process.env.CRIER_URL },
  });
  const victim = await signUp();
  await victim.page.goto(made.authorize_url);
  await victim.page.getByRole("button", { name: "Sign in as Grace" }).click();
  await allow(victim.page).click();
  await victim.page.waitForURL(`${process.env.CRIER_URL}/**`);
  await victim.page.waitForTimeout(1_000);
  assert.deepEqual(await channels(victim.page), []);
  assert.deepEqual(await channels(attacker.page), []);
});

test("a state nobody gave out is explained", async () => {
  const { page } = await newWindow();
  await page.goto("/integrations/social/playground?code=x&state=forged");
  await page.getByRole("heading", { name: "This sign-in was not started here" }).waitFor();
});

test("the wrong account on a reconnect is named, and can be added as a new channel", async () => {
  const { page } = await signUp();
  await connectPlayground(page, "Ada");
  const [channel] = await channels(page);
  await page.goto(`/channels/${channel.id}`);
  await page.getByRole("link", { name: "Reconnect" }).or(page.getByRole("button", { name: "Reconnect" })).first().click();
  await page.getByRole("button", { name: "Continue to Playground" }).click();
  await page.waitForURL(`${URL_OF_PLAYGROUND}/**`);
  await page.getByRole("link", { name: "Use another account" }).click();
  await page.getByRole("button", { name: "Sign in as Grace" }).click();
  await allow(page).click();
  await page.getByRole("heading", { name: "Another account came back" }).waitFor();
  assert.equal((await channels(page)).length, 1);
  await page.getByRole("button", { name: /new channel/i }).click();
  await page.getByRole("heading", { name: "Grace is connected" }).waitFor();
  assert.deepEqual((await channels(page)).map((each) => each.handle).sort(), ["ada", "grace"]);
});
