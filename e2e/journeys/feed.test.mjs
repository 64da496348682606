// A feed of one's own: made by a form, published to, read by anybody, changed and deleted.
import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, overhang } from "../support/accessibility.mjs";
import { URL_OF_CRIER, ask, signUp, until, withBrowser, workspace } from "../support/house.mjs";
import { png } from "../support/picture.mjs";
import { picture } from "../support/row.mjs";

withBrowser();

const json = (method, data) => ({ method, data, headers: { origin: URL_OF_CRIER } });

async function makeFeed(page) {
  await page.goto("/channels/add/rss");
  await page.getByLabel("Title").fill("News of the lighthouse");
  await page.getByLabel("Description").fill("What goes on out there");
  await page.getByRole("textbox", { name: "Language" }).fill("en");
  assert.deepEqual([...(await barriers(page)), ...(await overhang(page))], []);
  await picture(page, "feed-form");
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  await page.getByRole("heading", { name: "News of the lighthouse is connected" }).waitFor();
  const { items } = await ask(page, `${await workspace(page)}/channels`);
  return items[0];
}

async function uploaded(page, base) {
  const file = { name: "a bell.png", mimeType: "image/png", buffer: png(40, 30, [200, 30, 30]) };
  const answer = await page.request.post(`${base}/media`, { multipart: { file }, headers: { origin: URL_OF_CRIER } });
  return (await answer.json()).id;
}

async function published(page, base, channel) {
  const media = [{ id: await uploaded(page, base), alt: "A bell" }];
  const settings = { title: "A bell", link: "https://example.org/bell" };
  const post = await ask(page, `${base}/posts`, json("POST", {
    state: "now",
    channels: [channel.id],
    parts: [{ text: "It rings <loudly>", media }],
    variants: { [channel.id]: { settings } },
  }));
  await until(page, async () => (await ask(page, `${base}/posts/${post.id}`)).state, (state) => state === "published");
  return post;
}

for (const options of [{ colorScheme: "light" }, { colorScheme: "dark", viewport: { width: 360, height: 800 } }]) {
  test(`a feed is made, published to and read: ${options.colorScheme}`, async () => {
    const { page, complaints } = await signUp({ reducedMotion: "reduce", ...options });
    const channel = await makeFeed(page);
    await page.goto(`/channels/${channel.id}`);
    await page.getByRole("link", { name: channel.feeds.rss }).waitFor();
    assert.deepEqual([...(await barriers(page)), ...(await overhang(page))], []);
    await picture(page, `feed-channel-${options.colorScheme}`);
    const base = await workspace(page);
    const post = await published(page, base, channel);

    const read = async () => (await page.request.get(channel.feeds.json)).json();
    const [item] = (await read()).items;
    assert.deepEqual([item.title, item.content_text, item.url], ["A bell", "It rings <loudly>", "https://example.org/bell"]);
    const file = await page.request.get(item.attachments[0].url);
    assert.deepEqual([file.status(), file.headers()["content-type"]], [200, "image/png"]);
    const rss = await (await page.request.get(channel.feeds.rss)).text();
    assert.match(rss, /<enclosure url="[^"]*a%20bell\.png" length="\d+" type="image\/png"\/>/);
    const counted = await page.evaluate(
      (text) => new DOMParser().parseFromString(text, "text/xml").querySelectorAll("item > title").length,
      rss,
    );
    assert.equal(counted, 1, rss);

    const [publication] = post.publications;
    const words = { parts: [{ text: "It rang" }] };
    await ask(page, `${base}/publications/${publication.id}/edit`, json("POST", words));
    await until(page, async () => (await read()).items[0].content_text, (text) => text === "It rang");
    const [edited] = (await read()).items;
    assert.equal(edited.id, item.id);
    assert.equal(edited.attachments.length, 1);
    await ask(page, `${base}/publications/${publication.id}/remove`, json("POST", {}));
    await until(page, async () => (await read()).items.length, (count) => count === 0);
    assert.equal((await page.request.get(item.attachments[0].url)).status(), 404);
    assert.deepEqual(complaints, []);
  });
}

test("the composer shows an entry with its title and its link", async () => {
  const { page } = await signUp({ reducedMotion: "reduce" });
  const channel = await makeFeed(page);
  await page.goto(`/posts/new?channels=${channel.id}`);
  await page.getByRole("textbox", { name: "Text", exact: true }).fill("It rings");
  await page.getByText("It rings").nth(1).waitFor();
  assert.deepEqual([...(await barriers(page)), ...(await overhang(page))], []);
  await picture(page, "feed-composer");
});

test("formatting is written by buttons and keys, shown as readers see it, and kept", async () => {
  const { page, complaints } = await signUp({ reducedMotion: "reduce" });
  const channel = await makeFeed(page);
  await page.goto(`/posts/new?channels=${channel.id}`);
  const text = page.getByRole("textbox", { name: "Text", exact: true });
  await text.fill("It rings loudly\nat noon\nat six");
  await page.getByRole("button", { name: "Formatting", exact: true }).click();
  const select = (from, to) => text.evaluate((area, [a, b]) => area.setSelectionRange(a, b), [from, to]);
  await select(9, 15);
  await page.getByRole("button", { name: "Bold", exact: true }).click();
  assert.equal(await text.inputValue(), "It rings **loudly**\nat noon\nat six");
  await page.keyboard.press("Control+z");
  assert.equal(await text.inputValue(), "It rings loudly\nat noon\nat six", "the browser's undo takes it back");
  await text.press("Control+b");
  await select(20, 34);
  await page.getByRole("button", { name: "List", exact: true }).click();
  assert.equal(await text.inputValue(), "It rings **loudly**\n- at noon\n- at six");

  const preview = page.getByRole("article");
  await preview.locator("strong", { hasText: "loudly" }).waitFor();
  assert.deepEqual(await preview.getByRole("listitem").allTextContents(), ["at noon", "at six"]);
  assert.deepEqual([...(await barriers(page)), ...(await overhang(page))], []);
  await picture(page, "feed-formatting");
  await page.getByText("Now", { exact: true }).click();
  await page.getByRole("button", { name: "Publish now", exact: true }).click();

  const read = async () => (await (await page.request.get(channel.feeds.json)).json()).items;
  const [item] = await until(page, read, (items) => items.length === 1);
  assert.equal(item.content_html, "<p>It rings <strong>loudly</strong></p><ul><li>at noon</li><li>at six</li></ul>");
  const base = await workspace(page);
  const { items } = await ask(page, `${base}/posts?state=published`);
  await page.goto(`/posts/${items[0].id}`);
  await page.getByRole("main").locator("strong", { hasText: "loudly" }).waitFor();
  const { parts } = await ask(page, `${base}/posts/${items[0].id}`);
  assert.deepEqual([parts[0].format, parts[0].text], ["markdown", "It rings **loudly**\n\n- at noon\n- at six"]);
  assert.deepEqual(complaints, []);
});
