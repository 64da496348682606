import { describe, expect, test } from "vitest";
import { canonical, mergeInputs } from "./merge";
import type { Written } from "./model";

const base: Written = {
  state: "draft",
  due_at: "2026-01-01T09:00:00Z",
  time_zone: "UTC",
  channels: ["a", "b"],
  parts: [
    { text: "one", media: [] },
    { text: "two", media: [{ id: "m" }] },
  ],
  variants: { a: { settings: { visibility: "public" } } },
};
const change = (change: Partial<Written>): Written => ({ ...base, ...change });
const parts = (...texts: string[]) =>
  texts.map((text, index) => ({ text, media: base.parts[index]?.media ?? [] }));

describe("canonical", () => {
  test("order of keys and nulls are no change", () => {
    expect(canonical({ a: 1, b: null, c: { e: 1, d: 2 } })).toBe(canonical({ c: { d: 2, e: 1 }, a: 1 }));
    expect(canonical([1, 2])).not.toBe(canonical([2, 1]));
  });
});

describe("merging", () => {
  test("changes of different things fit together", () => {
    const merged = mergeInputs(base, change({ parts: parts("eins", "two") }), change({ channels: ["a"] }));
    expect(merged.conflicts).toEqual([]);
    expect(merged.input).toMatchObject({ channels: ["a"], parts: [{ text: "eins" }, { text: "two" }] });
  });

  test("words keep the way they are written", () => {
    const theirs = change({
      parts: [{ text: "**one**", format: "markdown", media: [] }, ...parts("", "two").slice(1)],
    });
    const merged = mergeInputs(base, change({ parts: parts("one", "zwei") }), theirs);
    expect(merged.conflicts).toEqual([]);
    expect(merged.input.parts).toMatchObject([{ text: "**one**", format: "markdown" }, { text: "zwei" }]);
    const plain = mergeInputs(theirs, base, theirs);
    expect(plain.input.parts[0]).toEqual({ text: "one", media: [] });
  });

  test("changes of different parts fit together", () => {
    const merged = mergeInputs(
      base,
      change({ parts: parts("eins", "two") }),
      change({ parts: parts("one", "zwei") }),
    );
    expect(merged.conflicts).toEqual([]);
    expect(merged.input.parts.map((part) => part.text)).toEqual(["eins", "zwei"]);
    expect(merged.input.parts[1]?.media).toEqual([{ id: "m" }]);
  });

  test("the same thing changed differently is a conflict, and mine stands", () => {
    const merged = mergeInputs(
      base,
      change({ parts: parts("eins", "two") }),
      change({ parts: parts("uno", "two") }),
    );
    expect(merged.conflicts).toEqual(["parts"]);
    expect(merged.input.parts[0]?.text).toBe("eins");
  });

  test("the same change on both sides is none", () => {
    const both = change({ parts: parts("eins", "two") });
    expect(mergeInputs(base, both, both)).toEqual({ input: both, conflicts: [] });
  });

  test("parts added on both sides conflict as a whole", () => {
    const merged = mergeInputs(
      base,
      change({ parts: parts("one", "two", "three") }),
      change({ parts: parts("zero", "one", "two", "three") }),
    );
    expect(merged.conflicts).toEqual(["parts"]);
    expect(merged.input.parts).toHaveLength(3);
  });

  test("a part removed there while another was written here keeps both intentions apart", () => {
    const merged = mergeInputs(base, change({ channels: ["b"] }), change({ parts: parts("one") }));
    expect(merged).toMatchObject({ conflicts: [], input: { channels: ["b"], parts: [{ text: "one" }] } });
  });

  test("time and zone go together", () => {
    const mine = change({ due_at: "2026-01-02T09:00:00Z" });
    const theirs = change({ time_zone: "Europe/Berlin", due_at: "2026-01-01T08:00:00Z" });
    const merged = mergeInputs(base, mine, theirs);
    expect(merged.conflicts).toEqual(["due_at"]);
    expect(merged.input).toMatchObject({ due_at: "2026-01-02T09:00:00Z", time_zone: "UTC" });
    expect(mergeInputs(base, base, theirs).input).toMatchObject({
      due_at: "2026-01-01T08:00:00Z",
      time_zone: "Europe/Berlin",
    });
  });

  test("a time taken away stays away", () => {
    const { due_at: _, ...untimed } = base;
    expect(mergeInputs(base, untimed, base).input).not.toHaveProperty("due_at");
  });

  test("variants merge by channel", () => {
    const mine = change({ variants: { ...base.variants, b: { settings: { language: "de" } } } });
    const theirs = change({ variants: { a: { settings: { visibility: "private" } } } });
    expect(mergeInputs(base, mine, theirs)).toMatchObject({
      conflicts: [],
      input: {
        variants: { a: { settings: { visibility: "private" } }, b: { settings: { language: "de" } } },
      },
    });
    const gone = mergeInputs(base, change({ variants: {} }), base);
    expect(gone.input.variants).toEqual({});
  });
});
