import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, overhang } from "../support/accessibility.mjs";
import { URL_OF_CRIER, URL_OF_PLAYGROUND, ask, connectPlayground, signUp, withBrowser, workspace } from "../support/house.mjs";
import { picture } from "../support/row.mjs";

withBrowser();

const json = (method, data) => ({ method, data, headers: { origin: URL_OF_CRIER } });

/** A post as the server has it, once it is as wanted. */
async function postOnce(page, address, wanted, seconds) {
  for (let tries = 0; tries < seconds * 10; tries++) {
    const post = await ask(page, address);
    if (wanted(post)) return post;
    await page.waitForTimeout(100);
  }
  assert.fail(JSON.stringify((await ask(page, address)).publications));
}

/** Connects a second account of the Playground in a window where the first is signed in there. */
async function connectGrace(page) {
  await page.goto("/channels/add/playground");
  await page.getByRole("button", { name: "Continue to Playground" }).click();
  await page.waitForURL(`${URL_OF_PLAYGROUND}/**`);
  await page.getByRole("link", { name: "Use another account" }).click();
  await page.getByRole("button", { name: "Sign in as Grace" }).click();
  await page.getByRole("button", { name: "Allow", exact: true }).click();
  await page.getByRole("heading", { name: "Grace is connected" }).waitFor();
}

/** Looks at a page in both themes, wide and narrow, and takes pictures of it. */
async function looksGood(page, name, at) {
  for (const [colorScheme, width] of [["dark", 360], ["light", 1280]]) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 860 });
    assert.deepEqual([...(await barriers(page)), ...(await overhang(page))], [], `${name} ${colorScheme} ${width}`);
    await at.scrollIntoViewIfNeeded();
    await picture(page, `${name}-${colorScheme}`);
  }
}

// The first look at likes is a minute after the post is out.
test("a post that is liked is reposted once", { timeout: 240_000 }, async () => {
  const { page, complaints } = await signUp({ reducedMotion: "reduce" });
  await connectPlayground(page);
  const base = await workspace(page);
  const [channel] = (await ask(page, `${base}/channels`)).items;
  await page.goto(`/channels/${channel.id}`);
  const title = page.getByRole("heading", { name: "Automations" });
  await title.waitFor();
  await page.getByRole("switch", { name: "Repost a post that gets likes" }).focus();
  await page.keyboard.press("Space");
  await page.getByLabel("Repost a post that gets likes: Likes").fill("1");
  await page.getByRole("switch", { name: "Comment on a post that gets likes" }).focus();
  await page.keyboard.press("Space");
  await page.getByLabel("What the comment says").fill("x".repeat(501));
  await page.getByRole("button", { name: "Save automations" }).click();
  await page.getByText(/1 too many/).waitFor();
  await page.getByLabel("What the comment says").fill("Read on at example.org");
  await looksGood(page, "plugs-channel", title);
  await page.getByRole("button", { name: "Save automations" }).click();
  await page.getByText(/^Automations saved/).first().waitFor();

  const parts = [{ text: `Liked of ${Date.now()}`, media: [] }];
  const now = { state: "now", channels: [channel.id], parts, variants: {} };
  const made = await ask(page, `${base}/posts`, json("POST", now));
  const address = `${base}/posts/${made.id}`;
  const { publications } = await postOnce(page, address, (post) => post.state === "published", 30);
  assert.deepEqual(
    publications[0].plugs.map((plug) => plug.state),
    ["watching", "watching"],
  );
  const there = publications[0].url;
  await page.goto(there);
  const like = page.locator("article.main button.like");
  await like.click();
  await page.locator("article.main button.like[aria-pressed=true]").waitFor();

  await page.goto(`/posts/${made.id}`);
  await page.getByText("Repost by Ada: when it has 1 like").waitFor();
  await postOnce(page, address, (post) => post.publications[0].plugs.some((plug) => plug.state === "done"), 150);
  const done = page.getByText(/Repost by Ada: done/);
  await done.waitFor();
  await page.getByText("Comment by Ada: when it has 10 likes").waitFor();
  await page.getByText("History", { exact: true }).first().click();
  await page.getByText("Reposted by Ada", { exact: true }).waitFor();
  await looksGood(page, "plugs-post", done);
  await page.goto(there);
  assert.equal(await page.getByText(/Reposted by/).count(), 1);
  assert.deepEqual(complaints, []);
});

test("another channel is to follow a post", async () => {
  const { page, complaints } = await signUp({ reducedMotion: "reduce" });
  await connectPlayground(page);
  await connectGrace(page);
  const base = await workspace(page);
  const { items } = await ask(page, `${base}/channels`);
  const ada = items.find((channel) => channel.name === "Ada");
  const grace = items.find((channel) => channel.name === "Grace");
  const parts = [{ text: "Followed", media: [] }];
  const draft = { state: "draft", channels: [ada.id], parts, variants: {} };
  const made = await ask(page, `${base}/posts`, json("POST", draft));
  await page.goto(`/posts/${made.id}/edit`);
  await page.getByRole("tab", { name: /Ada/ }).click();
  const after = page.getByRole("region", { name: "Afterwards" });
  await after.getByRole("button", { name: "Add a repost or comment" }).click();
  const one = after.getByRole("group", { name: "Afterwards, 1" });
  await one.getByLabel("What", { exact: true }).first().click();
  await page.getByRole("option", { name: "Comment" }).click();
  await after.getByText("A comment needs words.").waitFor();
  await one.getByLabel("What the comment says").fill("Well said");
  await after.getByText("A comment needs words.").waitFor({ state: "detached" });
  await looksGood(page, "plugs-composer", one);
  const wanted = [{ act: "comment", by: grace.id, after_minutes: 30, text: "Well said" }];
  const kept = (post) => JSON.stringify(post.variants[ada.id]?.plugs) === JSON.stringify(wanted);
  await postOnce(page, `${base}/posts/${made.id}`, kept, 30);
  await page.reload();
  await page.getByRole("tab", { name: /Ada/ }).click();
  assert.equal(await one.getByLabel("What the comment says").inputValue(), "Well said");
  assert.deepEqual(complaints, []);
});
