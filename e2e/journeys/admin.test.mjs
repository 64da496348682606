import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, overhang } from "../support/accessibility.mjs";
import { URL_OF_PLAYGROUND, admin, ask, leaveForPlayground, signUp, withBrowser } from "../support/house.mjs";

withBrowser();

/** Registers an app at the Playground, as its console does. */
async function registered(page, redirectUri) {
  const data = { client_name: "Crier", redirect_uris: [redirectUri], token_endpoint_auth_method: "client_secret_basic" };
  return ask(page, `${URL_OF_PLAYGROUND}/oauth/register`, { method: "POST", data });
}

/** The card of a network. */
const card = (page, name) => page.locator("section").filter({ has: page.getByRole("heading", { name, exact: true }) });

async function fine(page, where, found) {
  for (const each of [...(await barriers(page)), ...(await overhang(page))]) found.push(`${where}: ${each}`);
}

test("an app is set up, tested, told to be wrong, mended and removed", async () => {
  const { page, complaints } = await admin();
  await page.goto("/admin/apps");
  await page.getByRole("button", { name: "Set up an app for Playground", exact: true }).click();
  const form = page.getByRole("dialog");
  const redirectUri = await form.locator("code").first().textContent();
  const app = await registered(page, redirectUri);
  await form.getByLabel("Client id").fill(app.client_id);
  await form.getByRole("textbox", { name: "Client secret" }).fill("mistyped");
  await form.getByRole("button", { name: "Test" }).click();
  await form.getByText("The network knows the client id but refuses the secret").waitFor();
  await form.getByRole("textbox", { name: "Client secret" }).fill(app.client_secret);
  await form.getByRole("button", { name: "Test" }).click();
  await form.getByText("The network takes this app.").waitFor();
  await form.getByRole("button", { name: "Save" }).click();
  await form.waitFor({ state: "hidden" });
  const row = card(page, "Playground");
  await row.getByText(app.client_id).waitFor();
  assert.equal((await page.content()).includes(app.client_secret), false);

  await row.getByRole("button", { name: "Change the app for Playground" }).click();
  await form.getByLabel("Client id").fill("two words");
  await form.getByRole("button", { name: "Save" }).click();
  await form.getByText("A client id has no spaces or line breaks.").waitFor();
  await form.getByRole("button", { name: "Cancel" }).click();

  await row.getByRole("button", { name: "Remove the app for Playground" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await page.getByText("The app is removed.").waitFor();
  await row.getByText(app.client_id).waitFor({ state: "detached" });
  assert.deepEqual(complaints, []);
});

test("a bot is set up by its token alone", async () => {
  const { page, complaints } = await admin();
  await page.goto("/admin/apps");
  await card(page, "Telegram").getByText("Can’t be connected until a bot is set up.").waitFor();
  await page.getByRole("button", { name: "Set up a bot for Telegram", exact: true }).click();
  const form = page.getByRole("dialog");
  assert.equal(await form.getByLabel("Client id").count(), 0);
  const token = form.getByRole("textbox", { name: "Bot token" });
  await token.fill("without-a-colon");
  await form.getByRole("button", { name: "Save" }).click();
  await form.getByText("This is not the token of a bot.").waitFor();
  assert.equal(await token.inputValue(), "without-a-colon");
  await page.screenshot({ path: `${process.env.RESULTS}/bot.png` });
  await token.fill(" 123456789:AAE-the-token ");
  await form.getByRole("button", { name: "Save" }).click();
  await form.waitFor({ state: "hidden" });
  const row = card(page, "Telegram");
  await row.getByText("123456789", { exact: true }).waitFor();
  await row.getByText("with its token").waitFor();
  assert.equal((await page.content()).includes("AAE-the-token"), false);
  await row.getByRole("button", { name: "Remove the app for Telegram" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await row.getByText("Can’t be connected until a bot is set up.").waitFor();
  assert.deepEqual(complaints.filter((each) => !each.includes("422")), []);
});

test("the doctor looks at everything and its report can be copied", async () => {
  const { page, context, complaints } = await admin();
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.goto("/admin/doctor");
  await page.getByRole("button", { name: "Look at everything" }).click();
  // How far it is; gone when it was quick.
  await page.getByText(/looked at$/).or(page.getByRole("button", { name: "Copy report" })).first().waitFor();
  await page.getByRole("button", { name: "Copy report" }).waitFor();
  await card(page, "Public address").getByText(/This installation answers under/).waitFor();
  await page.getByRole("button", { name: "Copy report" }).click();
  const report = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(report, /^Crier /);
  assert.match(report, /ok {4}playground {3}127\.0\.0\.1 can be reached/);
  assert.match(report, /\d+ checks, \d+ failed$/);
  assert.deepEqual(complaints, []);
});

test("why somebody could not connect is found in the log", async () => {
  const ada = await signUp();
  await leaveForPlayground(ada.page);
  await ada.page.getByRole("button", { name: "Deny" }).click();
  await ada.page.getByRole("heading", { name: "You said no at the network" }).waitFor();

  const { page, complaints } = await admin();
  await page.goto("/admin/attempts");
  await page.getByLabel("Person").fill(ada.email);
  await page.keyboard.press("Enter");
  const found = page.locator("details");
  await page.getByText("1 connect shown").waitFor();
  await found.getByText("You said no at the network").first().waitFor();
  await found.locator("summary").click();
  await found.getByText("Sent to the network").waitFor();
  await page.getByRole("combobox", { name: "Outcome" }).click();
  await page.getByRole("option", { name: "Connected" }).click();
  await page.getByText("No connects").waitFor();
  assert.match(page.url(), /outcome=connected/);
  assert.deepEqual(complaints, []);
});

test("who does not run the server is told so, and may look after a workspace", async () => {
  const { page } = await signUp();
  assert.equal(await page.getByRole("link", { name: "This server" }).count(), 0);
  await page.goto("/admin/doctor");
  await page.getByRole("heading", { name: "Only for those who run this server" }).waitFor();
  await page.goto("/settings/apps");
  await page.getByRole("button", { name: "Set up an app for Playground", exact: true }).waitFor();
  await page.goto("/channels/attempts");
  await page.getByRole("heading", { name: "No connects" }).waitFor();
});

for (const colorScheme of ["light", "dark"]) {
  for (const width of [1280, 360]) {
    test(`the pages of admins are accessible and fit: ${colorScheme}, ${width} pixels`, async () => {
      const { page } = await admin({ colorScheme, viewport: { width, height: 800 }, reducedMotion: "reduce" });
      const wrong = [];
      const picture = (name) => page.screenshot({ path: `${process.env.RESULTS}/${name}-${colorScheme}-${width}.png`, fullPage: true });
      for (const name of ["apps", "attempts", "doctor"]) {
        await page.goto(`/admin/${name}`);
        await page.getByRole("heading", { level: 1 }).waitFor();
        if (name === "doctor") {
          await page.getByRole("button", { name: "Look at everything" }).click();
          await page.getByRole("button", { name: "Copy report" }).waitFor();
        }
        await page.waitForLoadState("networkidle").catch(() => {});
        await fine(page, name, wrong);
        await picture(name);
      }
      await page.goto("/admin/apps");
      await page.getByRole("button", { name: "Set up an app for Mastodon" }).click();
      await page.getByRole("dialog").waitFor();
      await page.waitForTimeout(300);
      await fine(page, "form", wrong);
      await picture("form");
      assert.deepEqual(wrong, []);
    });
  }
}
