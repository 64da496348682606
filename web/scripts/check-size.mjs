// Fails the build when what a first visit loads grows past the budget (JavaScript, gzip).
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const BUDGET = 250 * 1024;
const dist = new URL("../dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));

/** Every chunk that `key` pulls in statically, itself included. */
function closure(keys, seen = new Set()) {
  for (const key of keys) {
    if (seen.has(key)) continue;
    seen.add(key);
    closure(manifest[key].imports ?? [], seen);
  }
  return seen;
}

const gzipped = (file) => gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length;
const weigh = (keys) =>
  [...closure(keys)].map((key) => manifest[key].file).filter((file) => file.endsWith(".js"));

// What a first visit loads: the entry, and what it starts, which has the page behind "/" in it.
const home = ["index.html", "src/start.tsx"];
for (const key of home) {
  if (!manifest[key]) throw new Error(`${key} is not in the build manifest`);
}
const files = weigh(home).map((file) => ({ file, size: gzipped(file) }));
const total = files.reduce((sum, { size }) => sum + size, gzipped("theme.js"));
const kb = (bytes) => `${(bytes / 1024).toFixed(1)} kB`;

for (const { file, size } of files.sort((a, b) => b.size - a.size))
  console.log(`  ${kb(size).padStart(9)}  ${file}`);
console.log(`First load: ${kb(total)} of ${kb(BUDGET)} compressed JavaScript`);
if (total > BUDGET) {
  console.error("The first load is over its budget: load something lazily.");
  process.exit(1);
}
