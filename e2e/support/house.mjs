// A browser, and people who use it. Each person has a browser context of their own: cookies and storage are theirs alone.
import assert from "node:assert/strict";
import path from "node:path";
import { after, afterEach, before } from "node:test";
import { chromium } from "playwright-core";

export const URL_OF_CRIER = process.env.CRIER_URL;
export const URL_OF_PLAYGROUND = process.env.PLAYGROUND_URL;

export const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // Third-party cookies and storage are blocked; a journey makes sure of it.
  "--test-third-party-cookie-phaseout",
];

/** How every window is set up. */
const WINDOW = {
  baseURL: URL_OF_CRIER,
  viewport: { width: 1280, height: 860 },
  timezoneId: "Europe/Berlin",
  locale: "en-GB",
};

let browser;
let open = [];
let people = 0;
let windows = 0;

/** Every window comes from an address of its own, as people do: tries to sign in and up are limited by address. */
export function windowOptions(options = {}) {
  windows += 1;
  const address = [10, (process.pid >> 8) % 256, process.pid % 256, windows].join(".");
  return { ...WINDOW, extraHTTPHeaders: { "x-forwarded-for": address }, ...options };
}

/** Opens the browser for a file's journeys, and keeps a picture of every page of a journey that failed. */
export function withBrowser() {
  before(async () => {
    browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: FLAGS });
  });
  afterEach(async (test) => {
    for (const [index, context] of open.entries()) {
      for (const [number, page] of context.pages().entries()) {
        if (test.error || test.passed === false) {
          const name = `${test.name.replace(/\W+/g, "-").slice(0, 60)}-${index}-${number}.png`;
          await page.screenshot({ path: path.join(process.env.RESULTS, name) }).catch(() => {});
        }
      }
      await context.close();
    }
    open = [];
  });
  after(() => browser.close());
}

/** A fresh browser window. What its pages complain about is in `complaints`. */
export async function newWindow(options = {}) {
  const context = await browser.newContext(windowOptions(options));
  return { context, ...(await watched(context)) };
}

/** A page in a browser context that is closed after the journey, and what its pages complain about. */
export async function watched(context) {
  context.setDefaultTimeout(30_000);
  open.push(context);
  const complaints = [];
  context.on("page", (page) => {
    page.on("pageerror", (error) => complaints.push(`${page.url()}: ${error.message}`));
    page.on("console", (message) => {
      // A refused request is told as an error too; whether it was wanted, the journey knows.
      if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
        complaints.push(`${page.url()}: ${message.text()}`);
      }
    });
  });
  return { page: await context.newPage(), complaints };
}

/** Somebody new, signed up through the form. */
export async function signUp(options) {
  const window = await newWindow(options);
  return { ...window, email: await signUpIn(window.page) };
}

/** The same in a page there is. */
export async function signUpIn(page) {
  people += 1;
  const email = `ada${people}.${process.pid}@example.org`;
  await page.goto("/sign-up");
  await page.getByLabel("Your name").fill("Ada Lovelace");
  await page.getByLabel("E-mail").fill(email);
  await page.getByRole("textbox", { name: "Password" }).fill("correct horse battery");
  await page.getByRole("button", { name: "Create account" }).click();
  await page.waitForURL("**/welcome");
  return email;
}

/** Somebody who runs the server, signed in. */
export async function admin(options) {
  const window = await newWindow(options);
  const { page } = window;
  await page.goto("/sign-in");
  await page.getByLabel("E-mail").fill(process.env.ADMIN_EMAIL);
  await page.getByRole("textbox", { name: "Password" }).fill(process.env.ADMIN_PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("link", { name: "This server" }).waitFor({ state: "attached" });
  return window;
}

/** Goes as far as the Playground's consent page. */
export async function leaveForPlayground(page, account = "Ada") {
  await page.goto("/channels/add/playground");
  await page.getByRole("button", { name: "Continue to Playground" }).click();
  await page.waitForURL(`${URL_OF_PLAYGROUND}/**`);
  const signIn = page.getByRole("button", { name: `Sign in as ${account}` });
  const allow = page.getByRole("button", { name: "Allow", exact: true });
  await signIn.or(allow).waitFor();
  if (await signIn.isVisible()) await signIn.click();
  await allow.waitFor();
}

/** Connects an account of the Playground. */
export async function connectPlayground(page, account = "Ada") {
  await leaveForPlayground(page, account);
  await page.getByRole("button", { name: "Allow", exact: true }).click();
  await page.waitForURL("**/connect/*");
  await page.getByRole("heading", { name: `${account} is connected` }).waitFor();
}

/** Asks the API as the person of this window. */
export async function ask(page, address, options) {
  const answer = await page.request.fetch(address, options);
  assert.ok(answer.ok(), `${address}: ${answer.status()} ${await answer.text()}`);
  return answer.status() === 204 ? null : answer.json();
}

/** The person's workspace. */
export async function workspace(page) {
  const me = await ask(page, "/api/v1/auth/me");
  return `/api/v1/workspaces/${me.workspaces[0].id}`;
}

/** Waits until what the server has is as wanted. */
export async function until(page, look, wanted) {
  for (let i = 0; i < 60; i++) {
    const seen = await look();
    if (wanted(seen)) return seen;
    await page.waitForTimeout(100);
  }
  assert.fail(JSON.stringify(await look()));
}
