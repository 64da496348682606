// A browser with our extension in it, and its popup.
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { chromium } from "playwright-core";
import { FLAGS, URL_OF_CRIER, URL_OF_PLAYGROUND, signUpIn, watched, windowOptions } from "./house.mjs";

const SOURCE = path.resolve(import.meta.dirname, "../../extension");

/** The same extension, to which the browser's question has been answered with yes: a browser without a head can't show it. */
async function allowed(folder) {
  const copy = path.join(folder, "extension");
  await cp(SOURCE, copy, { recursive: true });
  const file = path.join(copy, "manifest.json");
  const { optional_permissions, optional_host_permissions: _, ...manifest } = JSON.parse(await readFile(file, "utf8"));
  manifest.permissions.push(...optional_permissions);
  manifest.host_permissions = [URL_OF_CRIER, URL_OF_PLAYGROUND].map((url) => `http://${new URL(url).hostname}/*`);
  await writeFile(file, JSON.stringify(manifest));
  return copy;
}

/**
 * A browser of its own with the extension, as somebody new who is signed in to Crier. With `asGiven`, the extension is the one that
 * people load, before they have allowed anything.
 */
export async function withExtension(test, { asGiven = false, ...options } = {}) {
  const folder = await mkdtemp(path.join(tmpdir(), "crier-extension-"));
  const extension = asGiven ? SOURCE : await allowed(folder);
  const context = await chromium.launchPersistentContext(path.join(folder, "profile"), {
    ...windowOptions(options),
    executablePath: process.env.CHROMIUM,
    args: [...FLAGS, `--disable-extensions-except=${extension}`, `--load-extension=${extension}`],
  });
  test.after(async () => {
    await context.close();
    await rm(folder, { recursive: true, force: true });
  });
  const worker = context.serviceWorkers()[0] ?? (await context.waitForEvent("serviceworker"));
  const { page, complaints } = await watched(context);
  const email = await signUpIn(page);
  return { context, worker, page, complaints, email };
}

/** What a click on the icon shows while `page` is in front, in a tab of its own. */
export async function openPopup({ context, worker }, page) {
  const id = await worker.evaluate(async (url) => (await chrome.tabs.query({ url }))[0]?.id, page.url());
  const popup = await context.newPage();
  await popup.goto(new URL(`popup.html?tab=${id ?? ""}`, worker.url()).href);
  return popup;
}

/** Signs in at the Playground in this browser, in place of whoever is. */
export async function signInThere(context, account) {
  const there = await context.newPage();
  await there.goto(`${URL_OF_PLAYGROUND}/sign-in`);
  await there.getByRole("button", { name: `Sign in as ${account}` }).click();
  await there.waitForURL(`${URL_OF_PLAYGROUND}/`);
  await there.close();
}
