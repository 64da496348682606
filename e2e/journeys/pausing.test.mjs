import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, overhang } from "../support/accessibility.mjs";
import { URL_OF_CRIER, ask, connectPlayground, signUp, withBrowser, workspace } from "../support/house.mjs";

withBrowser();

const json = (method, data) => ({ method, data, headers: { origin: URL_OF_CRIER } });
const PAUSED = "This workspace is paused: nothing is sent.";

/** Waits until the post is in this state. */
async function comesTo(page, base, post, state) {
  for (let tries = 0; tries < 300; tries++) {
    const now = (await ask(page, `${base}/posts/${post}`)).state;
    if (now === state) return;
    await page.waitForTimeout(100);
  }
  assert.fail(`the post did not come to be ${state}`);
}

test("a paused workspace says so everywhere, holds what is due, and sends it when it goes on", async () => {
  for (const options of [{ colorScheme: "light" }, { colorScheme: "dark", viewport: { width: 360, height: 800 } }]) {
    const { page, complaints } = await signUp({ reducedMotion: "reduce", ...options });
    await connectPlayground(page);
    const base = await workspace(page);
    const [channel] = (await ask(page, `${base}/channels`)).items;
    await page.goto("/settings");
    const pause = page.getByRole("button", { name: "Pause everything" });
    await pause.focus();
    await page.keyboard.press("Enter");
    await page.getByText(PAUSED).waitFor();
    assert.deepEqual([...(await barriers(page)), ...(await overhang(page))], []);
    const body = { state: "now", channels: [channel.id], parts: [{ text: "Held by a pause", media: [] }], variants: {} };
    const post = await ask(page, `${base}/posts`, json("POST", body));
    await comesTo(page, base, post.id, "held");
    await page.goto(`/posts/${post.id}`);
    await page.getByText("The workspace is paused", { exact: true }).first().waitFor();
    await page.getByText(PAUSED).waitFor();
    await page.getByRole("link", { name: "Settings" }).last().click();
    await page.getByRole("button", { name: "Let it go on" }).click();
    await page.getByText("Posts go out at their times.").waitFor();
    await comesTo(page, base, post.id, "published");
    assert.equal(await page.getByText(PAUSED).count(), 0);
    assert.deepEqual(complaints, []);
  }
});

test("another's pause is seen without a reload", async () => {
  const { page } = await signUp();
  const base = await workspace(page);
  // Not waited for: what happens before the page's stream of events is open is told by it as well.
  await page.goto("/channels", { waitUntil: "commit" });
  await ask(page, base, json("PATCH", { paused: true }));
  await page.getByText(PAUSED).waitFor();
});

test("a channel is paused and has a daily cap of its own", async () => {
  const { page, complaints } = await signUp();
  await connectPlayground(page);
  const base = await workspace(page);
  const [channel] = (await ask(page, `${base}/channels`)).items;
  await page.goto(`/channels/${channel.id}`);
  const more = page.getByRole("button", { name: "More actions" });
  await page.getByText("This server's number").waitFor();
  await more.click();
  await page.getByRole("menuitem", { name: "Daily cap …" }).click();
  const cap = page.getByRole("textbox", { name: "Daily cap" });
  await cap.fill("5");
  await page.locator('[role="menu"]').waitFor({ state: "detached" });
  assert.deepEqual(await barriers(page), []);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("5 posts a day").waitFor();
  await more.click();
  await page.getByRole("menuitem", { name: "Pause" }).click();
  await page.getByText("This channel is paused").waitFor();
  await page.locator('[role="menu"]').waitFor({ state: "detached" });
  assert.deepEqual([...(await barriers(page)), ...(await overhang(page))], []);
  await more.click();
  await page.getByRole("menuitem", { name: "Let it go on" }).click();
  await page.getByText("This channel is paused").waitFor({ state: "detached" });
  assert.deepEqual(complaints, []);
});
