// Connecting by telling a bot of the network a code.
import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, overhang } from "../support/accessibility.mjs";
import { URL_OF_PLAYGROUND, ask, signUp, withBrowser, workspace } from "../support/house.mjs";

withBrowser();

/** Goes as far as the page that shows the code, and gives the message to send. */
async function getCode(page) {
  await page.goto("/channels/add/playground");
  await page.getByRole("radio", { name: "Tell its bot a code" }).check();
  await page.getByRole("button", { name: "Get a code" }).click();
  await page.waitForURL("**/connect/*");
  const message = page.getByText(/^\/connect [0-9a-z]{26}$/);
  await message.waitFor();
  return message.innerText();
}

/** Opens the chat with the bot from that page, as Ada. */
async function openChat(page) {
  const opened = page.context().waitForEvent("page");
  await page.getByRole("link", { name: "Open Crier" }).click();
  const chat = await opened;
  await chat.getByRole("button", { name: "Sign in as Ada" }).click();
  await chat.waitForURL(`${URL_OF_PLAYGROUND}/bot/**`);
  return chat;
}

async function say(chat, text) {
  await chat.getByLabel("Message to Crier").fill(text);
  await chat.getByRole("button", { name: "Send" }).click();
  await chat.locator("#chat").getByText(text).waitFor();
}

test("a code told to the bot connects, and the page that waits learns it", async () => {
  const { page, complaints } = await signUp();
  const message = await getCode(page);
  const chat = await openChat(page);
  await say(chat, "hello");
  await say(chat, message);
  // Without a reload, there and here.
  await page.getByRole("heading", { name: "Ada is connected" }).waitFor();
  await chat.getByText("is connected to the workspace").waitFor();
  const { items } = await ask(page, `${await workspace(page)}/channels`);
  assert.deepEqual(
    items.map((channel) => channel.handle),
    ["ada"],
  );
  assert.deepEqual(complaints, []);
});

test("the copy button gives the message that is to be sent", async () => {
  const { page, context } = await signUp();
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const message = await getCode(page);
  await page.getByRole("button", { name: "Copy the message" }).click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), message);
});

for (const colorScheme of ["light", "dark"]) {
  test(`the page with the code is accessible and fits: ${colorScheme}, 360 pixels`, async () => {
    const { page } = await signUp({ colorScheme, viewport: { width: 360, height: 800 }, reducedMotion: "reduce" });
    await getCode(page);
    assert.deepEqual([...(await barriers(page)), ...(await overhang(page))], []);
  });
}
