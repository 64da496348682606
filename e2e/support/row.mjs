// Rows of the fault matrix (script/fault-matrix.toml), told by the words of the page a person ends on.
import assert from "node:assert/strict";
import { appendFileSync, mkdirSync } from "node:fs";
import path from "node:path";

/** Tells a row to script/test, then asserts it. */
export function row(name, expected, got) {
  const { CRIER_TEST_RECORD: file } = process.env;
  if (file) appendFileSync(file, `${JSON.stringify({ row: name, on: "Chromium", expected, got })}\n`);
  assert.equal(got, expected, name);
}

// Headings that say that something is wrong and not what.
const GENERIC = ["The connect did not work", "Something went wrong on this server", "This connect cannot go on"];

/**
 * The heading a person ends on, once it is there; otherwise those that are there instead. A page that tells why must also say what to
 * do and lead to its page in the manual.
 */
export async function ending(page, title) {
  assert.ok(!GENERIC.includes(title), `“${title}” explains nothing`);
  const heading = page.getByRole("heading", { name: title, exact: true }).first();
  const came = await heading.waitFor().then(
    () => true,
    () => false,
  );
  if (!came) return (await page.getByRole("heading").allInnerTexts()).join(" / ");
  if (!/ is connected( again)?$/.test(title)) {
    await page.getByText("What to do", { exact: true }).first().waitFor();
    await page.locator('a[href^="/docs/diagnoses/"]').first().waitFor();
  }
  return heading.innerText();
}

/** Keeps a picture of how a row ends, to be looked at. */
export async function picture(page, name) {
  const folder = path.join(process.env.RESULTS, "rows");
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `${name.replace(/\W+/g, "-")}.png`), fullPage: true });
}
