import { describe, expect, test } from "vitest";
import { Problem } from "@/api/problem";
import type { Finding, PostCheck } from "@/api/types";
import {
  errorCount,
  fieldId,
  findingsAt,
  findingsOf,
  fitsOf,
  groupFindings,
  placeOf,
  tightest,
  without,
  withRefused,
} from "./findings";

const finding = (pointer: string, more: Partial<Finding> = {}): Finding => ({
  pointer,
  code: "text.too_long",
  message: "Too long.",
  fix: "Shorten it.",
  severity: "error",
  channel_id: null,
  ...more,
});
const count = (used: number, max: number) => ({
  used,
  max,
  unit: "grapheme" as const,
  text_preview: "",
  shown: [],
  links: [],
  files: [],
});
const check: PostCheck = {
  occurrences: [],
  ok: false,
  problems: [finding("/due_at", { code: "due_at.past" })],
  channels: [
    {
      channel_id: "a",
      parts: [count(120, 300), count(5, 300)],
      problems: [
        finding("/parts/0/media/0", { code: "media.big", severity: "warning", channel_id: "a" }),
        finding("/variants/a/parts/0/text", { channel_id: "a" }),
        finding("/variants/a/parts/0/text", { channel_id: "a" }),
      ],
    },
    { channel_id: "b", parts: [count(120, 500), count(495, 500)], problems: [] },
    { channel_id: "c", parts: [count(20, 10)], problems: [] },
  ],
};

describe("pointers", () => {
  test.each([
    ["/parts/1/text", { scope: "global", part: 1, field: "text" }],
    ["/parts/0/media/2/alt", { scope: "global", part: 0, field: "media", item: "2" }],
    ["/variants/a~1b/parts/3/media/0", { scope: "a/b", part: 3, field: "media", item: "0" }],
    ["/variants/a/settings/spoiler_text", { scope: "a", part: 0, field: "settings", item: "spoiler_text" }],
    ["/variants/a/plugs/1/by", { scope: "a", part: 0, field: "plugs", item: "1" }],
    ["/channels/0", { scope: "global", part: 0, field: "channels" }],
    ["/due_at", { scope: "global", part: 0, field: "due" }],
    ["/time_zone", { scope: "global", part: 0, field: "due" }],
    ["/parts", { scope: "global", part: 0, field: "text" }],
    ["/something/new", { scope: "global", part: 0, field: "text" }],
    ["", { scope: "global", part: 0, field: "text" }],
  ])("%s", (pointer, place) => expect(placeOf(pointer)).toEqual(place));

  test("every place has an element of its own", () => {
    const ids = [
      "/parts/1/text",
      "/parts/1/media/0",
      "/variants/a/parts/1/text",
      "/variants/a/settings/x",
      "/variants/a/plugs/x",
      "/due_at",
    ].map((pointer) => fieldId(placeOf(pointer)));
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe("groups", () => {
  test("by channel, errors first, each once", () => {
    const groups = groupFindings(check);
    expect(groups.map((group) => group.channel)).toEqual([null, "a"]);
    expect(groups[1]?.findings.map((it) => it.severity)).toEqual(["error", "warning"]);
    expect(errorCount(groups, "a")).toBe(1);
    expect(errorCount(groups, null)).toBe(1);
    expect(errorCount(groups, "b")).toBe(0);
  });

  test("by field", () => {
    const groups = groupFindings(check);
    expect(findingsAt(groups, { scope: "a", part: 0, field: "text" })).toHaveLength(1);
    expect(findingsAt(groups, { scope: "global", part: 0, field: "text" })).toHaveLength(0);
    expect(findingsAt(groups, { scope: "global", part: 0, field: "media", item: "0" })).toHaveLength(1);
    expect(findingsAt(groups, { scope: "global", part: 0, field: "media", item: "1" })).toHaveLength(0);
  });

  test("without the codes that are said elsewhere", () => {
    expect(errorCount(without(groupFindings(check), ["due_at.past"]), null)).toBe(0);
  });

  test("a refused save is said on its fields, and not twice", () => {
    const refused = findingsOf(
      new Problem({
        status: 422,
        code: "input.invalid",
        errors: [
          { pointer: "/variants/a/parts/0/text", code: "text.too_long", message: "Too long." },
          { pointer: "/variants/b/settings/language", code: "settings.invalid", message: "No.", fix: "Yes." },
        ],
      }),
    );
    const groups = groupFindings(withRefused(check, refused));
    expect(errorCount(groups, "a")).toBe(1);
    expect(errorCount(groups, "b")).toBe(1);
    expect(groupFindings(withRefused(undefined, refused))).toHaveLength(2);
  });
});

describe("the counter", () => {
  test("is that of the channel with the least room", () => {
    expect(tightest(check, 0, ["a", "b"])).toMatchObject({ channel: "a", left: 180, state: "ok" });
    expect(tightest(check, 1, ["a", "b"])).toMatchObject({ channel: "b", left: 5, state: "near" });
    expect(tightest(check, 0, ["b", "c"])).toMatchObject({ channel: "c", left: -10, state: "over" });
  });

  test("is none where nothing was counted", () => {
    expect(tightest(check, 1, ["c"])).toBeNull();
    expect(tightest(check, 0, [])).toBeNull();
    expect(tightest(undefined, 0, ["a"])).toBeNull();
  });
});

test("what becomes of a file is told for each channel that gets it", () => {
  const made = { kind: "made" as const, mime: ["image/jpeg"], max_bytes: 1000, width: 160, height: 90 };
  const of = (channel: string, files: PostCheck["channels"][number]["parts"][number]["files"]) => ({
    channel_id: channel,
    parts: [{ ...count(1, 9), files }],
    problems: [],
  });
  const checked: PostCheck = {
    ...check,
    channels: [of("a", [{ kind: "as_it_is" }, made]), of("b", [{ kind: "not" }, made]), of("c", [])],
  };
  const name = (channel: string) => channel.toUpperCase();
  expect(fitsOf(checked, 0, 0, ["a", "b", "c"], name)).toEqual([
    { channel: "a", name: "A", fit: { kind: "as_it_is" } },
    { channel: "b", name: "B", fit: { kind: "not" } },
  ]);
  expect(fitsOf(checked, 0, 1, ["b"], name)).toEqual([{ channel: "b", name: "B", fit: made }]);
  expect(fitsOf(checked, 1, 0, ["a"], name)).toEqual([]);
  expect(fitsOf(undefined, 0, 0, ["a"], name)).toEqual([]);
});
