// Connecting by the session that the browser extension hands over.
import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, overhang } from "../support/accessibility.mjs";
import { openPopup, signInThere, withExtension } from "../support/extension.mjs";
import { URL_OF_CRIER, URL_OF_PLAYGROUND, ask, until, workspace, withBrowser } from "../support/house.mjs";

withBrowser();

/** Goes as far as the page that waits for the extension. */
async function wait(page) {
  await page.goto("/channels/add/playground");
  await page.getByRole("radio", { name: "Hand over its cookies with the browser extension" }).check();
  await page.getByRole("button", { name: "Continue with the extension" }).click();
  await page.waitForURL("**/connect/*");
  await page.getByText("and nothing else").waitFor();
}

async function handOver(popup) {
  await popup.getByRole("button", { name: "Allow and hand over" }).click();
}

const session = async (context) =>
  (await context.cookies(URL_OF_PLAYGROUND)).find((cookie) => cookie.name === "playground_session").value;

test("a session is handed over, and what is published with it appears there", async (journey) => {
  const house = await withExtension(journey);
  const { context, page, worker } = house;
  await signInThere(context, "Ada");
  await wait(page);
  const popup = await openPopup(house, page);
  await popup.getByRole("heading", { name: "Hand over your session at Playground?" }).waitFor();
  const told = await popup.locator("dl").innerText();
  for (const words of [URL_OF_PLAYGROUND, "playground_session", new URL(URL_OF_CRIER).origin, "Ada Lovelace’s workspace"]) {
    assert.ok(told.includes(words), told);
  }
  await handOver(popup);
  await popup.getByText("Ada (ada) is connected.").waitFor();
  // Without a reload.
  await page.getByRole("heading", { name: "Ada is connected" }).waitFor();
  await popup.getByRole("heading", { name: "Ada (ada) at Playground" }).waitFor();
  // It will be renewed by itself, and the page's code is not kept.
  assert.equal((await worker.evaluate(() => chrome.alarms.get("renew"))).periodInMinutes, 60);
  const kept = await worker.evaluate(() => chrome.storage.local.get());
  assert.deepEqual(Object.keys(kept.handovers[0]).includes("code"), false);
  assert.ok(!JSON.stringify(kept).includes(await session(context)));

  const home = await workspace(page);
  const { items } = await ask(page, `${home}/channels`);
  const words = `Handed over ${Date.now()}`;
  const body = { state: "now", channels: [items[0].id], parts: [{ text: words, media: [] }], variants: {} };
  const { id } = await ask(page, `${home}/posts`, { method: "POST", data: body });
  await until(page, () => ask(page, `${home}/posts/${id}`), (post) => post.state === "published");
  const there = await context.newPage();
  await there.goto(`${URL_OF_PLAYGROUND}/@ada`);
  await there.getByText(words).waitFor();
  assert.deepEqual(house.complaints, []);
});

test("a new session is brought, another account is refused, and a stop is a stop", async (journey) => {
  const house = await withExtension(journey);
  const { context, page, worker } = house;
  await signInThere(context, "Ada");
  await wait(page);
  const popup = await openPopup(house, page);
  await handOver(popup);
  await popup.getByText("Ada (ada) is connected.").waitFor();
  const handover = () => worker.evaluate(async () => (await chrome.storage.local.get("handovers")).handovers?.[0]);
  const before = await handover();

  const renew = popup.getByRole("button", { name: "Renew now: Ada (ada) at Playground" });
  await context.clearCookies({ domain: new URL(URL_OF_PLAYGROUND).hostname });
  await renew.click();
  await popup.getByText("You are not signed in to Playground in this browser").waitFor();
  await signInThere(context, "Grace");
  await renew.click();
  await popup.getByText("Another account came back.").waitFor();
  assert.equal((await handover()).renewedAt, before.renewedAt);
  await signInThere(context, "Ada");
  await renew.click();
  await popup.getByText("Another account came back.").waitFor({ state: "hidden" });
  const after = await handover();
  assert.ok(after.renewedAt > before.renewedAt && after.error === null, JSON.stringify(after.error));

  // Once a day, by itself.
  await worker.evaluate(async () => {
    const { handovers } = await chrome.storage.local.get("handovers");
    const yesterday = Date.now() - 25 * 60 * 60 * 1000;
    await chrome.storage.local.set({ handovers: handovers.map((it) => ({ ...it, renewedAt: yesterday, triedAt: yesterday })) });
    await chrome.alarms.create("renew", { when: Date.now() });
  });
  for (let tries = 0; (await handover()).renewedAt < after.renewedAt; tries += 1) {
    assert.ok(tries < 100, "it was not renewed by itself");
    await page.waitForTimeout(100);
  }

  await popup.getByRole("button", { name: "Stop: Ada (ada) at Playground" }).click();
  await popup.getByText("Stopped.").waitFor();
  assert.equal(await handover(), undefined);
  assert.equal(await popup.getByRole("heading", { name: "Hand-overs" }).isVisible(), false);
  const token = after.token;
  const cookies = { playground_session: await session(context) };
  const late = await page.request.post("/api/v1/connect/extension/renew", { data: { token, cookies } });
  assert.deepEqual([late.status(), (await late.json()).code], [410, "handover.ended"]);
});

test("what was allowed is handed over although the browser's question has closed the popup", async (journey) => {
  const house = await withExtension(journey);
  const { context, page, worker } = house;
  await signInThere(context, "Ada");
  await wait(page);
  const popup = await openPopup(house, page);
  await popup.getByRole("button", { name: "Allow and hand over" }).waitFor();
  // As it stands when the popup is gone before it learns of the answer.
  await popup.evaluate(async () => {
    const { read } = await import("./pairing.js");
    const tab = Number(new URLSearchParams(location.search).get("tab"));
    const func = () => document.getElementById("crier-extension").dataset.pairing;
    const [{ result }] = await chrome.scripting.executeScript({ target: { tabId: tab }, func });
    const { origin } = new URL((await chrome.tabs.get(tab)).url);
    await chrome.storage.session.set({ allowed: read(origin, result) });
  });
  await popup.close();
  await worker.evaluate(() => chrome.permissions.onAdded.dispatch({ permissions: ["cookies"], origins: [] }));
  await page.getByRole("heading", { name: "Ada is connected" }).waitFor();
  const later = await openPopup(house, page);
  await later.getByText("Ada (ada) is connected.").waitFor();
});

test("whoever is not signed in there is told so, and the page still waits", async (journey) => {
  const house = await withExtension(journey);
  const { context, page } = house;
  await wait(page);
  const popup = await openPopup(house, page);
  await handOver(popup);
  await popup.getByText("You are not signed in to Playground in this browser: there is no cookie “playground_session”.").waitFor();
  await signInThere(context, "Ada");
  await handOver(popup);
  await page.getByRole("heading", { name: "Ada is connected" }).waitFor();
});

test("the extension as people load it may nothing before it is allowed", async (journey) => {
  const house = await withExtension(journey, { asGiven: true });
  const { worker, page } = house;
  const { origins, permissions } = await worker.evaluate(() => chrome.permissions.getAll());
  assert.deepEqual([origins, permissions.sort()], [[], ["activeTab", "alarms", "scripting", "storage"]]);
  await wait(page);
  // Without a click on its icon it does not even see the page.
  const popup = await openPopup(house, page);
  await popup.getByRole("heading", { name: "Nothing to hand over here" }).waitFor();
});

for (const colorScheme of ["light", "dark"]) {
  test(`the page that waits and the popup are accessible and fit: ${colorScheme}, 360 pixels`, async (journey) => {
    const options = { colorScheme, viewport: { width: 360, height: 800 }, reducedMotion: "reduce" };
    const house = await withExtension(journey, options);
    const { context, page } = house;
    await signInThere(context, "Ada");
    await wait(page);
    assert.deepEqual([...(await barriers(page)), ...(await overhang(page))], []);
    const popup = await openPopup(house, page);
    await popup.getByRole("heading", { name: "Hand over your session at Playground?" }).waitFor();
    assert.deepEqual([...(await barriers(popup)), ...(await overhang(popup))], []);
    // By the keyboard alone.
    await popup.keyboard.press("Enter");
    await popup.getByRole("heading", { name: "Hand-overs" }).waitFor();
    assert.deepEqual([...(await barriers(popup)), ...(await overhang(popup))], []);
  });
}
