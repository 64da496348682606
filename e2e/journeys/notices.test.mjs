import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, overhang } from "../support/accessibility.mjs";
import { URL_OF_CRIER, URL_OF_PLAYGROUND, ask, connectPlayground, signUp, withBrowser, workspace } from "../support/house.mjs";

withBrowser();

const json = (method, data) => ({ method, data, headers: { origin: URL_OF_CRIER } });

/** A post that goes out now, and that the network refuses for what is in it. */
async function failingPost(page) {
  await connectPlayground(page);
  const base = await workspace(page);
  const [channel] = (await ask(page, `${base}/channels`)).items;
  await ask(page, `${URL_OF_PLAYGROUND}/faults.json`, {
    method: "POST",
    data: { kind: "status", code: 422, endpoints: ["posts"] },
    headers: { origin: URL_OF_PLAYGROUND },
  });
  const due = new Date(Date.now() + 3_600_000).toISOString();
  const post = (state, text) => ({ state, due_at: state === "now" ? undefined : due, channels: [channel.id], parts: [{ text, media: [] }], variants: {} });
  await ask(page, `${base}/posts`, json("POST", post("scheduled", "A post that is due next")));
  await ask(page, `${base}/posts`, json("POST", post("now", "A post that can't go out")));
  return channel;
}

async function mend(page) {
  await page.request.delete(`${URL_OF_PLAYGROUND}/faults.json`, { headers: { origin: URL_OF_PLAYGROUND } });
}

test("the bell counts what is new, shows it, and goes quiet", async () => {
  const { page, complaints } = await signUp();
  try {
    await failingPost(page);
    await page.goto("/channels");
    // Without a reload.
    const bell = page.getByRole("link", { name: /^Notices\s*\d/ });
    await bell.waitFor({ timeout: 60_000 });
    await bell.click();
    await page.getByRole("heading", { name: "Notices", level: 1 }).waitFor();
    await page.getByRole("main").getByText(/A post that can't go out/).first().waitFor();
    await page.getByRole("link", { name: "Notices", exact: true }).waitFor();
    assert.deepEqual([...(await barriers(page)), ...(await overhang(page))], []);
    await page.reload();
    await page.getByRole("link", { name: "Notices", exact: true }).waitFor();
  } finally {
    await mend(page);
  }
  assert.deepEqual(complaints, []);
});

test("each chooses what is told, and the webhook is set and tried", async () => {
  for (const options of [{ colorScheme: "light" }, { colorScheme: "dark", viewport: { width: 360, height: 800 } }]) {
    const { page } = await signUp({ reducedMotion: "reduce", ...options });
    await page.goto("/settings");
    const box = page.getByRole("checkbox", { name: "A post is held: In the app" });
    await box.uncheck();
    await page.reload();
    await box.waitFor();
    assert.equal(await box.isChecked(), false);
    await page.getByLabel("Address").fill("http://example.org/");
    await page.getByRole("button", { name: "Save", exact: true }).last().click();
    await page.getByText(/not encrypted; use https/).waitFor();
    // Nobody listens there: private addresses are refused by this server.
    await page.getByLabel("Address").fill("http://127.0.0.1:9/hook");
    await page.getByRole("button", { name: "Save", exact: true }).last().click();
    await page.getByText(/^whsec_/).waitFor();
    await page.getByRole("button", { name: "Done" }).click();
    await page.getByRole("button", { name: "Send a test" }).click();
    await page.getByText("Given up").waitFor();
    assert.deepEqual([...(await barriers(page)), ...(await overhang(page))], []);
  }
});
