import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { barriers, overhang } from "../support/accessibility.mjs";
import { ask, connectPlayground, signUp, withBrowser, workspace } from "../support/house.mjs";

withBrowser();

/** A file made by ffmpeg, which script/bootstrap test installs. */
function made(name, ...options) {
  const folder = mkdtempSync(path.join(tmpdir(), "crier-media-"));
  const file = path.join(folder, name);
  execFileSync("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", "testsrc=size=640x360:rate=25", ...options, file]);
  const buffer = readFileSync(file);
  rmSync(folder, { recursive: true });
  return buffer;
}

async function add(page, files) {
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Add pictures or videos" }).click();
  await page.getByRole("menuitem", { name: "From this device …" }).click();
  await (await chooser).setFiles(files);
}

const bmp = () => ({ name: "sea.bmp", mimeType: "image/bmp", buffer: made("a.bmp", "-frames:v", "1") });
const mp4 = () => ({ name: "waves.mp4", mimeType: "video/mp4", buffer: made("a.mp4", "-t", "2", "-pix_fmt", "yuv420p") });

for (const [colorScheme, width] of [["light", 1280], ["dark", 360]]) {
  test(`the composer says what becomes of each file: ${colorScheme}, ${width} pixels`, async () => {
    const { page, complaints } = await signUp({ colorScheme, viewport: { width, height: 860 } });
    await connectPlayground(page);
    await page.goto("/posts/new");
    await page.getByRole("textbox", { name: "Text", exact: true }).fill("A picture of a type that is converted");
    await add(page, [bmp(), mp4()]);
    await page.getByRole("button", { name: /sea\.bmp: add a description It will be converted/ }).click();
    await page.getByText(/will be converted \(JPEG or PNG, at most 10 MB\)/).waitFor();
    await page.getByText(/640 × 360 · .* · image\/bmp/).waitFor();
    assert.deepEqual([...(await barriers(page)), ...(await overhang(page))], []);
    await page.screenshot({ path: path.join(process.env.RESULTS, `fits-${colorScheme}-${width}.png`) });
    await page.getByRole("button", { name: "Done" }).click();

    // The Playground takes no videos: said before anything is scheduled.
    await page.getByRole("button", { name: "waves.mp4: add a description" }).click();
    await page.getByText("can’t go; the reason is below").waitFor();
    await page.getByText(/Playground does not take MP4 files/).first().waitFor();
    await page.getByText(/640 × 360 · 0:02 · .* · video\/mp4 · h264/).waitFor();
    await page.screenshot({ path: path.join(process.env.RESULTS, `fits-not-${colorScheme}-${width}.png`) });
    await page.getByRole("button", { name: "Done" }).click();
    await page.screenshot({ path: path.join(process.env.RESULTS, `strip-${colorScheme}-${width}.png`) });
    assert.deepEqual([...(await barriers(page)), ...(await overhang(page))], []);
    assert.deepEqual(complaints, []);
  });
}

test("a picture of a type that the network does not take is published as one it takes", async () => {
  const { page } = await signUp();
  await connectPlayground(page);
  await page.goto("/posts/new");
  await page.getByRole("textbox", { name: "Text", exact: true }).fill("Converted on its way");
  await add(page, [bmp()]);
  await page.getByRole("button", { name: /sea\.bmp: add a description It will be converted/ }).waitFor();
  await page.getByRole("radio", { name: "At a time" }).focus();
  await page.keyboard.press("ArrowRight");
  await page.getByRole("textbox", { name: "Text", exact: true }).focus();
  await page.keyboard.press("Control+Enter");
  await page.waitForURL((url) => !url.pathname.startsWith("/posts/new"));
  const base = await workspace(page);
  let post;
  for (let i = 0; i < 60 && post?.state !== "published"; i++) {
    [post] = (await ask(page, `${base}/posts`)).items;
    await page.waitForTimeout(500);
  }
  assert.equal(post.state, "published");
});
