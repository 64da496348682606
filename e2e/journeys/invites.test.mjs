import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, overhang } from "../support/accessibility.mjs";
import { URL_OF_CRIER, URL_OF_PLAYGROUND, ask, newWindow, signUp, withBrowser, workspace } from "../support/house.mjs";

withBrowser();

const allow = (page) => page.getByRole("button", { name: "Allow", exact: true });

/** Makes a link through the dialog, and gives it. */
async function makeLink(page, networks, accounts = "1") {
  await page.goto("/channels/invites");
  await page.getByRole("button", { name: "Make a link" }).click();
  const dialog = page.getByRole("dialog", { name: "Make an invite link" });
  await dialog.getByLabel("Name").fill("For Acme");
  for (const network of networks) {
    await dialog.getByRole("combobox", { name: "Networks" }).or(dialog.getByLabel("Networks")).first().click();
    await page.getByRole("option", { name: network, exact: true }).click();
  }
  await dialog.getByLabel("Accounts").fill(accounts);
  await dialog.getByRole("button", { name: "Make the link" }).click();
  const made = page.getByRole("dialog", { name: "The link for For Acme" });
  const link = (await made.locator("pre, code").first().innerText()).trim();
  await made.getByRole("button", { name: "Done" }).click();
  assert.match(link, /\/invite#[\w-]{43}$/);
  return link;
}

async function makeLinkByApi(page, networks, accounts) {
  const expires_at = new Date(Date.now() + 3_600_000).toISOString();
  const data = { name: "For Acme", networks, max_uses: accounts, expires_at };
  return ask(page, `${await workspace(page)}/invites`, { method: "POST", data, headers: { origin: URL_OF_CRIER } });
}

async function channels(page) {
  return (await ask(page, `${await workspace(page)}/channels`)).items;
}

async function signInAtPlayground(page, account) {
  await page.waitForURL(`${URL_OF_PLAYGROUND}/**`);
  const signIn = page.getByRole("button", { name: `Sign in as ${account}` });
  await signIn.or(allow(page)).first().waitFor();
  if (await signIn.isVisible()) await signIn.click();
  await allow(page).waitFor();
}

test("a client without an account connects theirs by a link, and the link tells nobody else", async () => {
  const owner = await signUp();
  const link = await makeLink(owner.page, ["Playground"]);
  const token = link.split("#")[1];
  const guest = await newWindow();
  const told = [];
  guest.context.on("request", (request) => {
    const { referer } = request.headers();
    if (request.url().includes(token) || referer?.includes(token)) told.push(request.url());
  });
  await guest.page.goto(link);
  await guest.page.getByRole("heading", { name: "Ada Lovelace asks you to connect an account" }).waitFor();
  await guest.page.getByText("Ada Lovelace’s workspace").waitFor();
  await guest.page.waitForURL(`${URL_OF_CRIER}/invite`);
  const kept = await guest.page.evaluate(() => document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage));
  assert.ok(!kept.includes(token), "a script can read the token");
  await guest.page.getByRole("button", { name: "Continue to Playground" }).click();
  await signInAtPlayground(guest.page, "Grace");
  await allow(guest.page).click();
  await guest.page.getByRole("heading", { name: "You have connected Grace to Ada Lovelace’s workspace" }).waitFor();
  assert.deepEqual(told, []);
  assert.deepEqual((await channels(owner.page)).map((channel) => channel.handle), ["grace"]);
  // Without a reload.
  await owner.page.getByText("1 of 1 account connected").waitFor();
  // The app itself stays closed.
  assert.equal((await guest.page.request.get("/api/v1/auth/me")).status(), 401);
  const late = await newWindow();
  await late.page.goto(link);
  await late.page.getByRole("heading", { name: "This invitation has been used" }).waitFor();
  assert.deepEqual([...owner.complaints, ...guest.complaints, ...late.complaints], []);
});

test("saying no at the network says so to a guest, who tries again or takes another network", async () => {
  const owner = await signUp();
  const { link } = await makeLinkByApi(owner.page, ["playground", "webhook"], 3);
  const { page } = await newWindow();
  await page.goto(link);
  await page.getByRole("link", { name: /^Playground/ }).click();
  await page.getByRole("button", { name: "Continue to Playground" }).click();
  await signInAtPlayground(page, "Ada");
  await page.getByRole("button", { name: "Deny" }).click();
  await page.getByRole("heading", { name: "You said no at the network" }).waitFor();
  assert.deepEqual(await channels(owner.page), []);
  await page.getByRole("button", { name: "Try again" }).click();
  await signInAtPlayground(page, "Ada");
  await allow(page).click();
  await page.getByRole("heading", { name: /You have connected Ada/ }).waitFor();
  await page.getByRole("link", { name: "Connect another account" }).click();
  await page.getByRole("link", { name: /^Webhook/ }).click();
  await page.getByLabel("Address").fill("no address");
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  await page.getByText(/“no address” is no address/).first().waitFor();
  assert.equal((await channels(owner.page)).length, 1);
});

test("a link that is revoked connects nothing any more, not even who is at the network", async () => {
  const owner = await signUp();
  const { link } = await makeLinkByApi(owner.page, ["playground"], 3);
  const { page } = await newWindow();
  await page.goto(link);
  await page.getByRole("button", { name: "Continue to Playground" }).click();
  await signInAtPlayground(page, "Ada");
  await owner.page.goto("/channels/invites");
  await owner.page.getByRole("button", { name: "Revoke the link For Acme" }).click();
  await owner.page.getByRole("dialog").getByRole("button", { name: "Revoke", exact: true }).click();
  await owner.page.getByText("Revoked", { exact: true }).waitFor();
  await allow(page).click();
  await page.getByRole("heading", { name: "This invitation was withdrawn" }).waitFor();
  assert.deepEqual(await channels(owner.page), []);
});

test("coming back in another browser asks for the link, and only then for a yes", async () => {
  const owner = await signUp();
  const { link } = await makeLinkByApi(owner.page, ["playground"], 1);
  const left = await newWindow();
  await left.page.goto(link);
  await left.page.getByRole("heading", { name: /asks you to connect/ }).waitFor();
  const begun = await ask(left.page, "/api/v1/invite/attempts", {
    method: "POST",
    data: { network: "playground" },
    headers: { origin: URL_OF_CRIER },
  });
  const other = await newWindow();
  await other.page.goto(begun.authorize_url);
  await signInAtPlayground(other.page, "Grace");
  await allow(other.page).click();
  await other.page.getByRole("heading", { name: "This connect began in another browser", level: 1 }).waitFor();
  assert.deepEqual(await channels(owner.page), []);
  await other.page.getByLabel("Your invite link").fill("https://example.org/");
  await other.page.getByRole("button", { name: "Open it here" }).click();
  await other.page.getByText(/This is no invite link/).waitFor();
  await other.page.getByLabel("Your invite link").fill(link);
  await other.page.getByRole("button", { name: "Open it here" }).click();
  await other.page.getByRole("heading", { name: "Is this your account?" }).waitFor();
  assert.deepEqual(await channels(owner.page), []);
  await other.page.getByRole("button", { name: "Yes, connect Grace" }).click();
  await other.page.getByRole("heading", { name: /You have connected Grace|Grace is connected/ }).waitFor();
  assert.equal((await channels(owner.page)).length, 1);
});

test("the pages of links and guests are accessible and fit", async () => {
  const wrong = [];
  const look = async (page, where) => {
    await page.getByRole("heading", { level: 1 }).first().waitFor();
    await page.waitForLoadState("networkidle").catch(() => {});
    await page.waitForTimeout(150);
    for (const each of [...(await barriers(page)), ...(await overhang(page))]) wrong.push(`${where}: ${each}`);
  };
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [1280, 360]) {
      const options = { colorScheme, viewport: { width, height: 800 }, reducedMotion: "reduce" };
      const name = `${colorScheme}, ${width}`;
      const owner = await signUp(options);
      await owner.page.goto("/channels/invites");
      await look(owner.page, `${name}: no links`);
      const { link } = await makeLinkByApi(owner.page, ["playground", "bluesky", "webhook"], 1);
      await owner.page.reload();
      await owner.page.getByText("For Acme").waitFor();
      await look(owner.page, `${name}: links`);
      const { page } = await newWindow(options);
      await page.goto("/invite");
      await look(page, `${name}: no invitation`);
      await page.goto(link);
      await page.getByRole("heading", { name: /asks you to connect/ }).waitFor();
      await look(page, `${name}: invitation`);
      await page.goto("/invite?network=bluesky");
      await look(page, `${name}: form`);
      await page.goto("/invite?network=playground");
      await page.getByRole("button", { name: "Continue to Playground" }).click();
      await signInAtPlayground(page, "Ada");
      await allow(page).click();
      await page.getByRole("heading", { name: /You have connected/ }).waitFor();
      await look(page, `${name}: result`);
      await page.screenshot({ path: `${process.env.RESULTS}/invite-result-${colorScheme}-${width}.png`, fullPage: true });
    }
  }
  assert.ok(wrong.length === 0, wrong.join("\n"));
});
