import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, overhang } from "../support/accessibility.mjs";
import { ending, row } from "../support/row.mjs";
import { URL_OF_PLAYGROUND, ask, signUp, withBrowser, workspace } from "../support/house.mjs";

withBrowser();

const allow = (page) => page.getByRole("button", { name: "Allow", exact: true });
let accounts = 0;

/** A new account of the Playground with these pages, signed in in the window. Gives the handles of the pages. */
async function account(page, names) {
  accounts += 1;
  const unique = `${process.pid}_${accounts}`;
  await page.goto(`${URL_OF_PLAYGROUND}/sign-up?return_to=/pages`);
  await page.getByLabel("Handle").fill(`mia_${unique}`);
  await page.getByLabel("Name", { exact: true }).fill("Mia");
  await page.getByLabel("Password").fill("correct horse");
  await page.getByRole("button", { name: "Make the account" }).click();
  await page.waitForURL("**/pages");
  const plain = (name) => name.split(" ").at(-1).toLowerCase().replace(/[^a-z]/g, "").slice(0, 10);
  const handles = names.map((name, index) => `${plain(name)}${index}_${unique}`);
  for (const [index, name] of names.entries()) {
    await page.getByLabel("Name", { exact: true }).fill(name);
    await page.getByLabel("Handle").fill(handles[index]);
    await page.getByRole("button", { name: "Make the page" }).click();
    await page.getByRole("link", { name, exact: true }).waitFor();
  }
  return handles;
}

/** Signs in as the account of the window and comes back. */
async function signIn(page) {
  await page.goto("/channels/add/playground_pages");
  await page.getByRole("button", { name: "Continue to Playground Pages" }).click();
  await page.waitForURL(`${URL_OF_PLAYGROUND}/**`);
  await allow(page).click();
  await page.waitForURL("**/connect/*");
}

async function channels(page) {
  return (await ask(page, `${await workspace(page)}/channels`)).items;
}

async function fault(page, wish) {
  await ask(page, `${URL_OF_PLAYGROUND}/faults.json`, { method: "POST", data: wish });
}

test("three pages are connected at once, after leaving and coming back by the sidebar", async () => {
  const { page, complaints } = await signUp();
  const handles = await account(page, ["The bakery", "The garden", "The library"]);
  await signIn(page);
  await page.getByRole("heading", { name: "Choose what to connect" }).waitFor();
  assert.deepEqual(await channels(page), []);

  await page.goto("/calendar");
  await page.getByRole("link", { name: "Finish connecting Playground Pages" }).click();
  await page.getByRole("heading", { name: "Choose what to connect" }).waitFor();

  // By the keyboard alone.
  await page.getByRole("button", { name: "Connect", exact: true }).press("Enter");
  await page.getByText("Tick at least one.").waitFor();
  const every = page.getByRole("checkbox", { name: "Tick all 3" });
  assert.ok(await every.evaluate((box) => box === document.activeElement));
  await page.keyboard.press("Space");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Space");
  await page.getByRole("button", { name: "Connect 2 channels" }).waitFor();
  assert.equal(await every.evaluate((box) => box.indeterminate), true);
  await page.keyboard.press("Space");
  await page.getByRole("button", { name: "Connect 3 channels" }).press("Enter");

  await page.getByRole("heading", { name: "3 channels are connected" }).waitFor();
  const made = await channels(page);
  assert.deepEqual(made.map((channel) => channel.handle).sort(), [...handles].sort());
  assert.equal(await page.getByRole("link", { name: "Finish connecting Playground Pages" }).count(), 0);
  for (const name of ["The bakery", "The garden", "The library"]) await page.getByRole("link", { name }).waitFor();

  // What is published on a page appears on its own timeline.
  const garden = made.find((channel) => channel.handle.startsWith("garden"));
  const words = `Tulips ${Date.now()}`;
  const due = new Date(Date.now() + 2_000).toISOString();
  const body = { state: "scheduled", due_at: due, channels: [garden.id], parts: [{ text: words, media: [] }], variants: {} };
  await ask(page, `${await workspace(page)}/posts`, { method: "POST", data: body });
  await page.goto(`${URL_OF_PLAYGROUND}/@${garden.handle}`);
  for (let tries = 0; tries < 60 && !(await page.getByText(words).count()); tries += 1) {
    await page.waitForTimeout(500);
    await page.reload();
  }
  assert.equal(await page.getByRole("article").filter({ hasText: words }).count(), 1);
  assert.deepEqual(complaints, []);
});

test("an account without pages is told what it needs", async () => {
  const { page, complaints } = await signUp();
  await account(page, []);
  await signIn(page);
  const nothing = "There is nothing to connect under this account";
  row("nothing to choose", nothing, await ending(page, nothing));
  await page.getByText(/Make a page first/).first().waitFor();
  assert.deepEqual(await channels(page), []);
  // With a page, trying again leads on.
  const tab = await page.context().newPage();
  await tab.goto(`${URL_OF_PLAYGROUND}/pages`);
  await tab.getByLabel("Name", { exact: true }).fill("The kiosk");
  await tab.getByLabel("Handle").fill(`kiosk_${process.pid}`);
  await tab.getByRole("button", { name: "Make the page" }).click();
  await tab.getByRole("link", { name: "The kiosk", exact: true }).waitFor();
  await page.getByRole("button", { name: "Try again" }).click();
  await allow(page).click();
  // There is but one, so it is ticked.
  await page.getByRole("button", { name: "Connect 1 channel" }).click();
  await page.getByRole("heading", { name: "The kiosk is connected" }).waitFor();
  assert.deepEqual(complaints, []);
});

test("what can't be connected is grey, and what fails is left out and named", async () => {
  const { page, complaints } = await signUp();
  const [, garden, library] = await account(page, ["The bakery", "The garden", "The library"]);
  await fault(page, { id: `grey-${garden}`, kind: "withhold_page", page: garden });
  await signIn(page);
  const grey = page.getByRole("checkbox", { name: /The garden/ });
  await grey.waitFor();
  assert.ok(await grey.isDisabled());
  await page.getByText("It was not granted to Crier on the consent page.").waitFor();

  await fault(page, { id: `fails-${library}`, kind: "status", code: 403, endpoints: ["me"], account: library });
  await page.getByRole("checkbox", { name: "Tick all 2" }).check();
  await page.getByRole("button", { name: "Connect 2 channels" }).click();
  await page.getByRole("heading", { name: "The bakery is connected" }).waitFor();
  await page.getByRole("heading", { name: "What was left out" }).waitFor();
  await page.getByText(`The library (${library})`, { exact: true }).waitFor();
  assert.equal((await channels(page)).length, 1);
  assert.deepEqual(complaints, []);
});

for (const colorScheme of ["light", "dark"]) {
  for (const width of [1280, 360]) {
    test(`the choice is accessible and fits: ${colorScheme}, ${width} pixels`, async () => {
      const { page, complaints } = await signUp({ colorScheme, viewport: { width, height: 800 }, reducedMotion: "reduce" });
      const long = "A page whose name is as long as it may be, at 50";
      const names = ["The bakery", "The garden", long, "Donaudampfschifffahrtsgesellschaftskapitänsmütze"];
      for (let number = names.length; number < 9; number += 1) names.push(`Page ${number}`);
      const handles = await account(page, names);
      await fault(page, { id: `grey-${handles[1]}`, kind: "withhold_page", page: handles[1] });
      await signIn(page);
      await page.getByRole("heading", { name: "Choose what to connect" }).waitFor();
      await page.getByRole("checkbox", { name: /The bakery/ }).check();
      // Its picture comes from this server.
      const picture = page.getByRole("group").locator("img").first();
      await picture.waitFor();
      await picture.evaluate((image) => image.decode());
      if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/choosing-${colorScheme}-${width}.png`, fullPage: true });
      const wrong = [...(await barriers(page)), ...(await overhang(page))];
      await page.getByRole("searchbox").fill("nobody");
      await page.getByText("Nothing here is called “nobody”").waitFor();
      await page.getByText("1 ticked one is hidden by the search.").waitFor();
      wrong.push(...(await barriers(page)), ...(await overhang(page)));
      await page.getByRole("button", { name: "Show all" }).click();
      await page.getByRole("checkbox", { name: `Tick all ${names.length - 1}` }).check();
      await page.getByRole("button", { name: `Connect ${names.length - 1} channels` }).click();
      await page.getByRole("heading", { name: `${names.length - 1} channels are connected` }).waitFor();
      if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/chosen-${colorScheme}-${width}.png`, fullPage: true });
      wrong.push(...(await barriers(page)), ...(await overhang(page)));
      assert.ok(wrong.length === 0, wrong.join("\n"));
      assert.deepEqual(complaints, []);
    });
  }
}
