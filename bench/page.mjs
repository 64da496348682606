// How soon the calendar's month can be worked in: opens it in Chromium and says, in milliseconds from the start of the navigation,
// when its posts are there and a frame after them has been drawn. Prints JSON: visit → view → times.
import { chromium } from "../e2e/node_modules/playwright-core/index.mjs";

const { URL, EMAIL, PASSWORD, MONTH, POSTS, CHROMIUM } = process.env;
const TIMES = 5;
const EMPTY = "1999-05";

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu", "--no-first-run"] });

/** A browser that has nothing of Crier but the session. */
async function fresh(storageState) {
  const context = await browser.newContext({ baseURL: URL, viewport: { width: 1280, height: 860 }, storageState });
  context.setDefaultTimeout(30_000);
  return context;
}

async function signedIn() {
  const context = await fresh();
  const page = await context.newPage();
  await page.goto("/sign-in");
  await page.getByLabel("E-mail").fill(EMAIL);
  await page.getByRole("textbox", { name: "Password" }).fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL((url) => !url.pathname.startsWith("/sign-in"));
  const state = await context.storageState();
  await context.close();
  return state;
}

/** Opens a month and waits until it holds its posts: what is shown of them, and what is behind "more". */
async function open(page, month, posts) {
  await page.goto(`/calendar?view=month&date=${month}-15`, { waitUntil: "commit" });
  return page.evaluate(async (wanted) => {
    const frame = () => new Promise(requestAnimationFrame);
    const cells = () => document.querySelectorAll("[data-cell]").length;
    const there = () => {
      const more = [...document.querySelectorAll("button")].map((it) => /^\+(\d+)/.exec(it.textContent ?? "")?.[1] ?? 0);
      return document.querySelectorAll("a[data-post]").length + more.reduce((sum, one) => sum + Number(one), 0);
    };
    while (cells() < 28 || document.querySelector("[aria-busy=true]") || there() < wanted) {
      if (performance.now() > 30_000) throw new Error(`only ${there()} of ${wanted} posts in ${cells()} days`);
      await frame();
    }
    await frame();
    await frame();
    return performance.now();
  }, posts);
}

const state = await signedIn();
const said = { first: { full: [], empty: [] }, again: { full: [], empty: [] } };
for (let turn = 0; turn < TIMES; turn += 1) {
  for (const [view, month, posts] of [["full", MONTH, Number(POSTS)], ["empty", EMPTY, 0]]) {
    const context = await fresh(state);
    const page = await context.newPage();
    said.first[view].push(await open(page, month, posts));
    said.again[view].push(await open(page, month, posts));
    await context.close();
  }
}
await browser.close();
console.log(JSON.stringify(said));
