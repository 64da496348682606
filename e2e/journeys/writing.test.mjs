import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers } from "../support/accessibility.mjs";
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

/** As if the Playground could be asked whom to mention: it knows two people by what they begin with. */
async function withPeople(page) {
  await page.route("**/api/v1/workspaces/*/networks", async (route) => {
    const answer = await route.fetch();
    const networks = await answer.json();
    for (const network of networks.items) network.abilities.mentions = network.id === "playground";
    await route.fulfill({ response: answer, json: networks });
  });
  const people = [
    { id: "@ada@example.social", name: "Ada Lovelace", detail: "@ada@example.social" },
    { id: "@adam@example.social", name: "Adam", detail: "@adam@example.social" },
  ];
  await page.route("**/lookups/mentions*", (route) => {
    const wanted = new URL(route.request().url()).searchParams.get("q");
    if (wanted === "down") return route.fulfill({ status: 502, json: { title: "The network does not answer", status: 502, code: "x" } });
    const items = people.filter(({ id }) => id.startsWith(`@${wanted}`));
    return route.fulfill({ json: { items, next_cursor: null } });
  });
}

test("whom the network knows is suggested while a mention is typed, and taken by key or click", async () => {
  const { page } = await signUp();
  await connectPlayground(page);
  await withPeople(page);
  await page.goto("/posts/new");
  await text(page).fill("Hello @ad");
  await page.waitForTimeout(600);
  assert.equal(await page.getByRole("listbox", { name: "Whom to mention" }).count(), 0, "Global text suggests nobody");
  await page.getByRole("tab", { name: /Ada/ }).click();
  await page.getByRole("button", { name: "Tailor for this channel" }).click();
  await text(page).fill("");
  await text(page).pressSequentially("Hello @ad");
  const list = page.getByRole("listbox", { name: "Whom to mention" });
  await list.getByRole("option").nth(1).waitFor();
  assert.deepEqual(await barriers(page), []);
  await page.keyboard.press("ArrowDown");
  assert.equal(await list.getByRole("option", { selected: true }).textContent(), "Adam@adam@example.social");
  await page.keyboard.press("Enter");
  assert.equal(await text(page).inputValue(), "Hello @adam@example.social ");
  await list.waitFor({ state: "detached" });
  await page.keyboard.type("and @ada");
  await list.getByRole("option", { name: /Lovelace/ }).click();
  assert.equal(await text(page).inputValue(), "Hello @adam@example.social and @ada@example.social ");
  await page.keyboard.type("@ad");
  await list.waitFor();
  await page.keyboard.press("Escape");
  await list.waitFor({ state: "detached" });
  await page.keyboard.press("Enter");
  assert.match(await text(page).inputValue(), /@ad\n$/, "after Escape, Enter is a line end again");
  await page.keyboard.type("@down");
  await page.getByText("Nobody can be suggested now. The network does not answer.").waitFor();
});
