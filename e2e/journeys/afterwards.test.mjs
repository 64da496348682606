import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, overhang } from "../support/accessibility.mjs";
import { URL_OF_CRIER, ask, connectPlayground, signUp, withBrowser, workspace } from "../support/house.mjs";
import { picture } from "../support/row.mjs";

withBrowser();

const json = (method, data) => ({ method, data, headers: { origin: URL_OF_CRIER } });

/** A thread that is on the Playground. */
async function published(page, base, texts) {
  const [channel] = (await ask(page, `${base}/channels`)).items;
  const parts = texts.map((text) => ({ text, media: [] }));
  const post = await ask(page, `${base}/posts`, json("POST", { state: "now", channels: [channel.id], parts, variants: {} }));
  for (let tries = 0; tries < 300; tries++) {
    const now = await ask(page, `${base}/posts/${post.id}`);
    if (now.state === "published") return now;
    await page.waitForTimeout(100);
  }
  assert.fail("the post was not published");
}

/** What stands at an address of the Playground. */
async function there(page, url) {
  const answer = await page.request.get(url);
  return answer.status() === 200 ? await answer.text() : "";
}

for (const options of [{ colorScheme: "light" }, { colorScheme: "dark", viewport: { width: 360, height: 800 } }]) {
  test(`a published post is changed and deleted on its network: ${options.colorScheme}`, async () => {
    const { page, complaints } = await signUp({ reducedMotion: "reduce", ...options });
    await connectPlayground(page);
    const base = await workspace(page);
    const words = `Words of ${Date.now()}`;
    const post = await published(page, base, [words, "And a second part"]);
    const { url } = post.publications[0];
    await page.goto(`/posts/${post.id}`);
    const change = page.getByRole("button", { name: "Change on Playground …" });
    await change.focus();
    await page.keyboard.press("Enter");
    const first = page.getByRole("textbox", { name: "Part 1" });
    await first.waitFor();
    assert.deepEqual(await barriers(page), []);
    await picture(page, `afterwards-edit-${options.colorScheme}`);
    const long = "x".repeat(501);
    await first.fill(long);
    await page.getByRole("button", { name: "Change it" }).click();
    await page.getByText(/1 character/).first().waitFor();
    await first.fill(`Other ${words}`);
    await page.getByRole("button", { name: "Change it" }).click();
    await page.getByText(/^Changed on Playground .*\d/).waitFor();
    assert.match(await there(page, url), new RegExp(`Other ${words}`));
    await page.getByText("Numbers", { exact: true }).click();
    await page.getByText(/has not been asked yet/).waitFor();
    assert.deepEqual([...(await barriers(page)), ...(await overhang(page))], []);
    await picture(page, `afterwards-post-${options.colorScheme}`);
    await page.getByRole("button", { name: "Delete on Playground …" }).click();
    await page.getByText(/with its likes, its replies and its address/).waitFor();
    assert.deepEqual(await barriers(page), []);
    await page.getByRole("button", { name: "Delete it there" }).click();
    await page.getByText(/^Deleted on Playground/).waitFor();
    assert.equal(await page.getByRole("link", { name: /Open on Playground/ }).count(), 0);
    assert.equal(await page.getByRole("button", { name: "Change on Playground …" }).count(), 0);
    assert.doesNotMatch(await there(page, url), new RegExp(words));
    assert.deepEqual(complaints, []);
  });

  test(`a channel shows its numbers and networks what they can do: ${options.colorScheme}`, async () => {
    const { page, complaints } = await signUp({ reducedMotion: "reduce", ...options });
    await connectPlayground(page);
    const base = await workspace(page);
    const [channel] = (await ask(page, `${base}/channels`)).items;
    for (let tries = 0; tries < 300; tries++) {
      if ((await ask(page, `${base}/channels/${channel.id}/metrics`)).looked_at) break;
      await page.waitForTimeout(100);
    }
    await page.goto(`/channels/${channel.id}`);
    await page.getByText(/Playground was last asked/).waitFor();
    await page.getByText("Views", { exact: true }).waitFor();
    assert.deepEqual([...(await barriers(page)), ...(await overhang(page))], []);
    await page.getByText(/Playground was last asked/).scrollIntoViewIfNeeded();
    await picture(page, `afterwards-channel-${options.colorScheme}`);
    await page.goto("/channels/add");
    await page.getByText("What each network can do").click();
    await page.getByRole("rowheader", { name: "Mastodon" }).waitFor();
    assert.deepEqual([...(await barriers(page)), ...(await overhang(page))], []);
    await page.getByRole("rowheader", { name: "Mastodon" }).scrollIntoViewIfNeeded();
    await picture(page, `afterwards-table-${options.colorScheme}`);
    assert.deepEqual(complaints, []);
  });
}
