import { expect, test } from "vitest";
import { splitText } from "./split-text";

const marked = (text: string, links: string[] = []) =>
  splitText(text, links)
    .filter((run) => run.marked)
    .map((run) => run.text);

test("the runs make up the text again", () => {
  const text = "See https://example.org/a#b, @ada@mastodon.social and #Über-uns. mail@example.org";
  const runs = splitText(text, ["https://example.org/a#b"]);
  expect(runs.map((run) => run.text).join("")).toBe(text);
  expect(runs.map((run) => run.at)).toEqual([...runs.map((run) => run.at)].sort((a, b) => a - b));
});

test("links, tags and mentions are marked, and nothing inside a link or an e-mail address", () => {
  const text = "See https://example.org/a#b, @ada@mastodon.social and #Über-uns. mail@example.org";
  expect(marked(text, ["https://example.org/a#b"])).toEqual([
    "https://example.org/a#b",
    "@ada@mastodon.social",
    "#Über-uns",
  ]);
});

test("the same link twice is found twice, and one that is not there not at all", () => {
  expect(marked("a.example a.example", ["a.example", "a.example", "b.example"])).toEqual([
    "a.example",
    "a.example",
  ]);
});

test("a lone sign is plain", () => {
  expect(marked("# heading @ home")).toEqual([]);
});
