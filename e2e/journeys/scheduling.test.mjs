import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, overhang } from "../support/accessibility.mjs";
import { ask, connectPlayground, signUp, until, withBrowser, workspace } from "../support/house.mjs";

withBrowser();

const text = (page) => page.getByRole("textbox", { name: "Text", exact: true });
const posts = async (page) => (await ask(page, `${await workspace(page)}/posts?from=2020-01-01T00:00:00Z`)).items;

/** A day in next month on which, and around which, it is the same month everywhere. */
const DAY = (() => {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 10));
})();
const view = (name) => `/calendar?view=${name}&date=${DAY.toISOString().slice(0, 10)}`;

/** Posts of this person on that day, an hour apart. */
async function planned(page, texts, change = {}) {
  const base = await workspace(page);
  const [channel] = (await ask(page, `${base}/channels`)).items;
  const made = [];
  for (const [index, words] of texts.entries()) {
    const due_at = new Date(DAY.getTime() + (12 + index) * 3_600_000).toISOString();
    const data = { state: "scheduled", due_at, channels: [channel.id], parts: [{ text: words }], variants: {}, ...change };
    made.push(await ask(page, `${base}/posts`, { method: "POST", data, headers: { origin: process.env.CRIER_URL } }));
  }
  return made;
}

test("a newcomer adds to the queue at the time that is shown, and changes the channel's slots", async () => {
  const { page, complaints } = await signUp();
  await connectPlayground(page);
  await page.goto("/posts/new");
  await text(page).fill("Into the queue");
  await page.getByText("Queue", { exact: true }).click();
  const shown = (await page.getByText(/^Next free slot: /).textContent()).replace("Next free slot: ", "");
  await page.getByRole("button", { name: "Add to queue" }).click();
  await page.getByText(`Queued for ${shown}.`).waitFor();
  await page.waitForURL("**/calendar**");

  await page.goto("/channels");
  await page.getByRole("link", { name: /Ada/ }).first().click();
  const queue = page.getByRole("listitem").filter({ hasText: "Into the queue" });
  await queue.getByText(shown).waitFor();
  await page.getByRole("button", { name: "Add a slot" }).click();
  await page.getByRole("button", { name: "Remove slot 1" }).click();
  await page.getByRole("button", { name: "Save slots" }).click();
  await page.getByText("The slots are saved.").waitFor();
  await page.getByText("This channel has slots of its own.").waitFor();
  await page.getByRole("button", { name: "Use the workspace’s slots" }).click();
  await page.getByText("These are the workspace’s slots.").waitFor();
  assert.deepEqual(complaints, []);
});

test("a post repeats, and what follows one is changed and deleted with it", async () => {
  const { page, complaints } = await signUp();
  await connectPlayground(page);
  await page.goto("/posts/new");
  await text(page).fill("Again and again");
  await page.getByRole("combobox", { name: "Repeat" }).click();
  await page.getByRole("option", { name: "Every day", exact: true }).click();
  await page.getByRole("combobox", { name: "Ends" }).click();
  await page.getByRole("option", { name: "After a number" }).click();
  await page.getByLabel("Times", { exact: true }).fill("4");
  await page.getByText(/^Goes out .* · /).waitFor();
  await page.getByRole("button", { name: "Schedule", exact: true }).click();
  await page.waitForURL("**/calendar**");
  const first = await posts(page);
  assert.equal(first.length, 4);
  await page.getByRole("link", { name: /Again and again.*repeats/s }).first().waitFor({ state: "attached" });

  await page.goto(`/posts/${first[2].id}`);
  await page.getByText("Every day · 2 times from this one on").waitFor();
  await page.getByRole("link", { name: "Edit" }).click();
  await text(page).fill("Now differently");
  await page.getByRole("radio", { name: "this and all that follow" }).check();
  await page.getByRole("button", { name: "Save changes" }).click();
  await page.waitForURL("**/calendar**");
  const texts = async () => (await posts(page)).map((post) => post.excerpt);
  assert.deepEqual(await texts(), ["Again and again", "Again and again", "Now differently", "Now differently"]);

  await page.goto(`/posts/${first[1].id}`);
  await page.getByRole("button", { name: "More actions" }).click();
  await page.getByRole("menuitem", { name: "Delete …" }).click();
  await page.getByRole("radio", { name: "this and all that follow" }).check();
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await page.waitForURL("**/calendar**");
  // The two that were changed are a series of their own by now.
  assert.deepEqual(await texts(), ["Again and again", "Now differently", "Now differently"]);
  assert.deepEqual(complaints, []);
});

test("an evergreen queue is made, gets a post and shows what comes next", async () => {
  const { page, complaints } = await signUp();
  await connectPlayground(page);
  const [post] = await planned(page, ["A tip that stays true"]);
  await page.goto("/evergreen");
  await page.getByRole("button", { name: "New queue" }).click();
  await page.getByLabel("Name").fill("Tips");
  await page.getByRole("combobox", { name: "Channels" }).click();
  await page.getByRole("option").first().click();
  await page.keyboard.press("Escape");
  assert.deepEqual(await barriers(page), []);
  await page.getByRole("button", { name: "Make the queue" }).click();
  await page.waitForURL("**/evergreen/*");
  await page.goto(`/posts/${post.id}`);
  await page.getByRole("button", { name: "More actions" }).click();
  await page.getByRole("menuitem", { name: "Keep in an evergreen queue …" }).click();
  await page.getByRole("button", { name: "Keep it" }).click();
  await page.getByText("Kept in “Tips”.").waitFor();
  await page.goto("/evergreen");
  await page.getByRole("link", { name: "Tips" }).click();
  await page.getByRole("heading", { name: "Next turns" }).waitFor();
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByText("Paused. What it had scheduled is taken back.").waitFor();
  assert.equal((await posts(page)).length, 1);
  await page.getByRole("button", { name: "Go on" }).click();
  await until(page, () => posts(page), (all) => all.length === 2);
  assert.deepEqual(complaints, []);
});

test("many posts are selected by keyboard, moved, brought back, paused and deleted", async () => {
  const { page, complaints } = await signUp();
  await connectPlayground(page);
  const made = await planned(page, ["One", "Two", "Three"]);
  await page.goto(view("list"));
  await page.getByRole("link", { name: /One/ }).focus();
  await page.keyboard.press("x");
  const bar = page.getByRole("region", { name: "Selected posts" });
  await bar.getByText("1 selected").waitFor();
  // A click selects now, and opens nothing.
  await page.getByRole("link", { name: /Two/ }).click();
  await bar.getByText("2 selected").waitFor();
  assert.deepEqual(await barriers(page), []);
  await bar.getByRole("button", { name: "A day later" }).click();
  await page.getByText("2 posts moved.").waitFor();
  const due = async () => (await posts(page)).map((post) => [post.excerpt, post.due_at]).sort();
  assert.notDeepEqual(await due(), made.map((post) => [post.excerpt, post.due_at]).sort());
  await page.getByRole("button", { name: "Undo" }).first().click();
  await until(page, due, (now) => JSON.stringify(now) === JSON.stringify(made.map((post) => [post.excerpt, post.due_at]).sort()));
  await bar.getByRole("button", { name: "Pause" }).click();
  await page.getByText("2 posts paused.").waitFor();
  assert.deepEqual((await posts(page)).map((post) => post.state).sort(), ["held", "held", "scheduled"]);
  await bar.getByRole("button", { name: "Delete …" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByText("2 posts deleted.").waitFor();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.keyboard.press("Escape");
  await bar.waitFor({ state: "detached" });
  assert.deepEqual((await posts(page)).map((post) => post.excerpt), ["Three"]);
  assert.deepEqual(complaints, []);
});

test("selecting fits a narrow window, and a month's cards are selected by click", async () => {
  const { page } = await signUp({ viewport: { width: 360, height: 800 } });
  await connectPlayground(page);
  await planned(page, ["One"]);
  await page.goto(view("list"));
  await page.getByRole("button", { name: "Select", exact: true }).click();
  await page.getByRole("button", { name: "Select all shown" }).click();
  await page.getByText("1 selected").waitFor();
  assert.deepEqual([...(await barriers(page)), ...(await overhang(page))], []);
  await page.setViewportSize({ width: 1280, height: 860 });
  await page.goto(view("month"));
  await page.getByRole("button", { name: "Select", exact: true }).click();
  await page.getByRole("link", { name: /One/ }).click();
  await page.getByText("1 selected").waitFor();
  assert.ok(page.url().includes("/calendar"));
});
