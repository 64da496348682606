import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, connectPlayground, signUp, withBrowser, workspace } from "../support/house.mjs";

withBrowser();

const text = (page) => page.getByRole("textbox", { name: "Text", exact: true });

test("what is too long is told beside the text, and nothing of it is lost", async () => {
  const { page, complaints } = await signUp();
  await connectPlayground(page);
  await page.goto("/posts/new");
  const words = "word ".repeat(120).trim();
  await text(page).fill(words);
  await page.getByText("599 of 500 characters").waitFor({ state: "attached" });
  await page.getByRole("region", { name: "Problems" }).getByText(/takes 500 characters/).waitFor();
  await page.getByRole("button", { name: "Schedule", exact: true }).click();
  assert.equal(await text(page).inputValue(), words);
  assert.ok(page.url().includes("/posts/"));
  const posts = await ask(page, `${await workspace(page)}/posts?state=scheduled`);
  assert.deepEqual(posts.items, []);
  assert.deepEqual(complaints, []);
});

test("closing the window loses nothing", async () => {
  const { page, context } = await signUp();
  await connectPlayground(page);
  await page.goto("/posts/new");
  await text(page).fill("A thought that must not be lost");
  await page.waitForTimeout(3_000);
  await page.close();
  const again = await context.newPage();
  await again.goto("/calendar?view=list");
  await again.goto("/posts/new");
  const recovered = again.getByText("A thought that must not be lost").first();
  const drafts = await ask(again, `${await workspace(again)}/posts?state=draft`);
  const kept = drafts.items.some((post) => post.excerpt.includes("must not be lost"));
  assert.ok(kept || (await recovered.isVisible()), "neither the server nor the browser kept it");
});

test("a file that is no picture says so and can be removed", async () => {
  const { page } = await signUp();
  await connectPlayground(page);
  await page.goto("/posts/new");
  await text(page).fill("With a file");
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Add pictures or videos" }).click();
  await page.getByRole("menuitem", { name: "From this device …" }).click();
  await (await chooser).setFiles({ name: "broken.png", mimeType: "image/png", buffer: Buffer.from("not a picture at all") });
  await page.getByText(/content is something else/).first().waitFor();
  assert.equal(await text(page).inputValue(), "With a file");
  await page.getByRole("button", { name: "Remove broken.png" }).click();
  await page.getByRole("button", { name: "Remove broken.png" }).waitFor({ state: "detached" });
});

test("a thread is written by keyboard alone and published in order", async () => {
  const { page } = await signUp();
  await connectPlayground(page);
  await page.goto("/posts/new");
  await text(page).focus();
  await page.keyboard.type("The first of two");
  await page.getByRole("button", { name: "Add a part" }).focus();
  await page.keyboard.press("Enter");
  const second = page.getByRole("textbox", { name: "Text of part 2" });
  await second.focus();
  await page.keyboard.type("The second of two");
  await page.getByRole("radio", { name: "At a time" }).focus();
  await page.keyboard.press("ArrowRight");
  await second.focus();
  await page.keyboard.press("Control+Enter");
  await page.waitForURL((url) => !url.pathname.startsWith("/posts/new"));
  const base = await workspace(page);
  let post;
  for (let i = 0; i < 60; i++) {
    const [item] = (await ask(page, `${base}/posts`)).items;
    post = item;
    if (post?.state === "published") break;
    await page.waitForTimeout(250);
  }
  assert.equal(post.state, "published");
  await page.goto(post.publications[0].url);
  await page.getByText("The first of two").first().waitFor();
  await page.getByText("The second of two").first().waitFor();
});
