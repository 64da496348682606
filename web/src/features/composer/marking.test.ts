import { describe, expect, test } from "vitest";
import { type Marking, mark } from "./marking";

/** `|` stands where the selection begins and ends; once where it is a caret. */
function marked(given: string, marking: Marking): string {
  const from = given.indexOf("|");
  const last = given.lastIndexOf("|");
  const to = last > from ? last - 1 : from;
  const change = mark({ text: given.replaceAll("|", ""), from, to }, marking);
  const text = given.replaceAll("|", "");
  const after = text.slice(0, change.from) + change.words + text.slice(change.to);
  const [start, end] = change.select;
  if (start === end) return `${after.slice(0, start)}|${after.slice(start)}`;
  return `${after.slice(0, start)}|${after.slice(start, end)}|${after.slice(end)}`;
}

describe("marks around words", () => {
  const cases: [string, Marking, string][] = [
    ["a |word| b", "bold", "a **|word|** b"],
    ["a **|word|** b", "bold", "a |word| b"],
    ["a| word |b", "italic", "a *|word|* b"],
    ["**|word|**", "italic", "***|word|***"],
    ["***|word|***", "italic", "**|word|**"],
    ["*|word|*", "italic", "|word|"],
    ["|", "code", "`|`"],
    ["a |  | b", "strike", "a ~~|~~   b"],
  ];
  for (const [given, marking, wanted] of cases) {
    test(`${marking} of ${given}`, () => {
      expect(marked(given, marking)).toBe(wanted);
    });
  }
});

describe("links", () => {
  test("words get an address to be filled in", () => {
    expect(marked("see |here|.", "link")).toBe("see [here](|https://|).");
  });
  test("an address gets words to be filled in", () => {
    expect(marked("|https://example.org/a|", "link")).toBe("[|](https://example.org/a)");
  });
});

describe("marks before lines", () => {
  const cases: [string, Marking, string][] = [
    ["one\nt|wo\nthree", "heading", "one\n## two|\nthree"],
    ["one\n## t|wo", "heading", "one\ntwo|"],
    ["|one\ntwo|\nthree", "bullets", "|- one\n- two|\nthree"],
    ["|one\ntwo\n|three", "bullets", "|- one\n- two|\nthree"],
    ["|- one\n- two|", "numbers", "|1. one\n2. two|"],
    ["|1. one\n2. two|", "numbers", "|one\ntwo|"],
    ["|", "quote", "> |"],
  ];
  for (const [given, marking, wanted] of cases) {
    test(`${marking} of ${JSON.stringify(given)}`, () => {
      expect(marked(given, marking)).toBe(wanted);
    });
  }
});
