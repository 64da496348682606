import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, overhang } from "../support/accessibility.mjs";
import { ask, connectPlayground, newWindow, signUp, withBrowser, workspace } from "../support/house.mjs";

withBrowser();

/** Every page with something on it. */
async function furnished(page) {
  await connectPlayground(page);
  const base = await workspace(page);
  const [channel] = (await ask(page, `${base}/channels`)).items;
  const due = (hours) => new Date(Date.now() + hours * 3_600_000).toISOString();
  const post = (state, hours, words) => ({
    method: "POST",
    data: { state, due_at: due(hours), channels: [channel.id], parts: [{ text: words, media: [] }], variants: {} },
    headers: { origin: process.env.CRIER_URL },
  });
  const scheduled = await ask(page, `${base}/posts`, post("scheduled", 2, "A post that waits for its time"));
  await ask(page, `${base}/posts`, post("draft", 3, `A long one ${"with many words ".repeat(20)}`));
  const daily = { ...post("scheduled", 4, "Again and again") };
  daily.data.repeat = { rule: "FREQ=DAILY;COUNT=3", except: [] };
  // More in one hour than a week or a month has room for.
  for (let nth = 0; nth < 6; nth += 1) await ask(page, `${base}/posts`, post("draft", 26, `Crowded ${nth}`));
  const repeating = await ask(page, `${base}/posts`, daily);
  const slots = [{ days: ["monday", "friday"], time: "10:00" }];
  const settings = { name: "Tips", channels: [channel.id], slots, rest_days: 0 };
  const write = (data) => ({ method: "POST", data, headers: { origin: process.env.CRIER_URL } });
  const queue = await ask(page, `${base}/evergreen`, write(settings));
  await ask(page, `${base}/evergreen/${queue.id}/posts`, write({ post_id: scheduled.id }));
  const attempts = await ask(page, `${base}/channels/${channel.id}/attempts`);
  return [
    "/calendar?view=week",
    "/calendar?view=month",
    "/calendar?view=list",
    "/posts/new",
    `/posts/${scheduled.id}`,
    `/posts/${scheduled.id}/edit`,
    `/posts/${repeating.id}`,
    `/posts/${repeating.id}/edit`,
    "/evergreen",
    `/evergreen/${queue.id}`,
    "/channels",
    `/channels/${channel.id}`,
    "/channels/add",
    "/channels/add/bluesky",
    "/channels/add/mastodon",
    "/channels/add/playground",
    `/connect/${attempts.items[0].id}`,
    "/connect/failed",
    "/settings",
    "/welcome",
    "/nowhere",
  ];
}

/** Looks at every page, and says all that is wrong with any of them. */
async function look(page, addresses) {
  const wrong = [];
  for (const address of addresses) {
    await page.goto(address);
    await page.getByRole("heading", { level: 1 }).first().waitFor();
    await page.waitForLoadState("networkidle").catch(() => {});
    await page.waitForTimeout(150);
    await page.evaluate(() => {
      // Any of a calendar's stops can be the one in the tab order, and only what is in it is looked at.
      for (const stop of document.querySelectorAll("[data-nav]")) stop.tabIndex = 0;
      // Heads stay in sight over what is scrolled away, which is no barrier: it comes into sight with the focus.
      for (const area of document.querySelectorAll("[data-scroll]")) area.scrollTo(0, 0);
    });
    for (const each of [...(await barriers(page)), ...(await overhang(page))]) wrong.push(`${address}: ${each}`);
  }
  assert.ok(wrong.length === 0, wrong.join("\n"));
}

for (const colorScheme of ["light", "dark"]) {
  for (const width of [1280, 360]) {
    test(`every page is accessible and fits: ${colorScheme}, ${width} pixels`, async () => {
      const { page, complaints } = await signUp({ colorScheme, viewport: { width, height: 800 }, reducedMotion: "reduce" });
      await look(page, await furnished(page));
      assert.deepEqual(complaints, []);
    });
  }
}

test("the pages before signing in are accessible and fit", async () => {
  for (const colorScheme of ["light", "dark"]) {
    const { page } = await newWindow({ colorScheme, viewport: { width: 360, height: 800 } });
    await look(page, ["/sign-in", "/sign-up"]);
  }
});
