import assert from "node:assert/strict";
import { test } from "node:test";
import { URL_OF_PLAYGROUND, ask, connectPlayground, signUp, withBrowser, workspace } from "../support/house.mjs";
import { png } from "../support/picture.mjs";

withBrowser();

/** Sets the composer's time to the next full minute that is still far enough away, and says when that is. */
async function scheduleForTheNextMinute(page) {
  const due = new Date(Date.now() + 8_000);
  due.setSeconds(60, 0);
  const clock = new Intl.DateTimeFormat("en-GB", { timeZone: "Europe/Berlin", hour: "2-digit", minute: "2-digit" });
  const told = Object.fromEntries(clock.formatToParts(due).map((part) => [part.type, part.value]));
  await page.getByRole("spinbutton", { name: "Hours" }).fill(told.hour);
  await page.getByRole("spinbutton", { name: "Minutes" }).fill(told.minute);
  // Late in the evening the composer begins with tomorrow.
  const day = new Intl.DateTimeFormat("en-GB", { timeZone: "Europe/Berlin", weekday: "short", day: "numeric", month: "short", year: "numeric" });
  const date = page.getByRole("textbox", { name: "Date" });
  await date.fill(day.format(due).replaceAll(",", ""));
  await date.press("Enter");
  return due;
}

test("from nothing to a published post: sign up, connect, write with a picture, schedule, see it there", async () => {
  const { page, complaints } = await signUp();
  await page.getByRole("link", { name: "Connect the Playground" }).click();
  await page.waitForURL("**/channels/add/playground");
  await connectPlayground(page);
  await page.getByRole("link", { name: "Write a post" }).click();

  const words = `Hello from a journey ${Date.now()} https://example.org/page`;
  await page.getByRole("textbox", { name: "Text", exact: true }).fill(words);
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Add pictures or videos" }).click();
  const fromDevice = page.getByRole("menuitem", { name: "From this device …" });
  await fromDevice.click();
  await (await chooser).setFiles({ name: "sea.png", mimeType: "image/png", buffer: png(320, 200, [20, 110, 160]) });
  await page.getByRole("button", { name: "sea.png: add a description" }).click();
  await page.getByLabel("Description (alt text)").fill("The sea, blue");
  await page.getByRole("button", { name: "Done" }).click();
  await page.getByText(`${[...words].length} of 500 characters`).waitFor({ state: "attached" });
  await page.getByRole("region", { name: "Preview" }).getByText("Hello from a journey").waitFor();

  const due = await scheduleForTheNextMinute(page);
  await page.getByRole("button", { name: "Schedule", exact: true }).click();
  await page.waitForURL("**/calendar**");

  // The calendar says by itself that it was published: nothing is reloaded.
  const card = page.getByText("Hello from a journey").first();
  await card.waitFor();
  const base = await workspace(page);
  const listed = await ask(page, `${base}/posts`);
  assert.equal(listed.items[0].state, "scheduled");
  const link = page.locator("a, button, [role=button]").filter({ hasText: "Hello from a journey" }).filter({ hasText: "Published" });
  await link.first().waitFor({ timeout: due.getTime() - Date.now() + 20_000 });

  const [post] = (await ask(page, `${base}/posts`)).items;
  const whole = await ask(page, `${base}/posts/${post.id}`);
  const published = new Date(whole.publications[0].published_at);
  assert.ok(published >= due, `published at ${published.toISOString()}, before ${due.toISOString()}`);
  assert.ok(published - due < 15_000, `published ${published - due} ms late`);

  await page.goto(`/posts/${post.id}`);
  await page.getByRole("button", { name: "History" }).first().or(page.getByText("History", { exact: true })).first().waitFor();
  await page.goto(`${URL_OF_PLAYGROUND}/`);
  const shown = page.getByRole("article").filter({ hasText: words.split(" https")[0] });
  assert.equal(await shown.count(), 1);
  const picture = shown.getByRole("img", { name: "The sea, blue" });
  await picture.waitFor();
  assert.ok(await picture.evaluate((image) => image.complete && image.naturalWidth > 0));
  assert.equal(page.url(), `${URL_OF_PLAYGROUND}/`);
  assert.deepEqual(complaints, []);
});
