import { describe, expect, test } from "vitest";
import type { Post } from "@/api/types";
import {
  type Action,
  type Draft,
  draftFrom,
  emptyDraft,
  GLOBAL,
  inputOf,
  inputOfPost,
  isBlank,
  isCustomised,
  isEditable,
  losesText,
  mediaKeys,
  partsOf,
  reduce,
  withFreshKeys,
} from "./model";

const run = (draft: Draft, ...actions: ((draft: Draft) => Action)[]) =>
  actions.reduce((before, action) => reduce(before, action(before)), draft);
const texts = (draft: Draft, scope: string = GLOBAL) => partsOf(draft, scope).map((part) => part.text);
const part = (draft: Draft, index: number, scope: string = GLOBAL) => {
  const found = partsOf(draft, scope)[index];
  if (!found) throw new Error(`no part ${index}`);
  return found;
};
const write =
  (text: string, index = 0, scope: string = GLOBAL) =>
  (draft: Draft): Action => ({ type: "text", scope, part: part(draft, index, scope).key, text });

const three = () =>
  run(
    emptyDraft("Europe/Berlin", ["a", "b"]),
    write("one"),
    (draft) => ({ type: "addPart", scope: GLOBAL, after: part(draft, 0).key }),
    write("two", 1),
    (draft) => ({ type: "addPart", scope: GLOBAL, after: part(draft, 1).key }),
    write("three", 2),
  );

describe("parts", () => {
  test("are added behind the one named and moved to a place", () => {
    const draft = run(
      three(),
      (it) => ({ type: "addPart", scope: GLOBAL, after: part(it, 0).key }),
      write("1½", 1),
    );
    expect(texts(draft)).toEqual(["one", "1½", "two", "three"]);
    const to = (from: number, place: number) =>
      texts(run(draft, (it) => ({ type: "movePart", scope: GLOBAL, part: part(it, from).key, to: place })));
    expect(to(3, 0)).toEqual(["three", "one", "1½", "two"]);
    expect(to(0, 3)).toEqual(["1½", "two", "three", "one"]);
    expect(to(0, -1)).toEqual(["one", "1½", "two", "three"]);
    expect(to(3, 4)).toEqual(["one", "1½", "two", "three"]);
  });

  test("are written as the one they follow, and plain ones say nothing of it", () => {
    const draft = run(
      three(),
      (it) => ({ type: "format", scope: GLOBAL, part: part(it, 1).key, format: "markdown" }),
      (it) => ({ type: "addPart", scope: GLOBAL, after: part(it, 1).key }),
    );
    const written = inputOf(draft, "draft");
    expect(written.parts.map(({ format }) => format)).toEqual([undefined, "markdown", "markdown", undefined]);
    const back = draftFrom({ ...written, variants: {} }, "UTC");
    expect(back.parts.map(({ format }) => format)).toEqual(["plain", "markdown", "markdown", "plain"]);
  });

  test("the last one is emptied, not removed", () => {
    const draft = run(emptyDraft("UTC"), write("words"), (it) => ({
      type: "removePart",
      scope: GLOBAL,
      part: part(it, 0).key,
    }));
    expect(texts(draft)).toEqual([""]);
  });
});

describe("tailoring", () => {
  test("copies Global, and then goes its own way", () => {
    const draft = run(
      three(),
      () => ({ type: "customise", channel: "a" }),
      write("uno", 0, "a"),
      write("eins"),
    );
    expect(texts(draft, "a")).toEqual(["uno", "two", "three"]);
    expect(texts(draft, "b")).toEqual(["eins", "two", "three"]);
    expect(isCustomised(draft, "a")).toBe(true);
    expect(isCustomised(draft, "b")).toBe(false);
  });

  test("tailoring twice keeps what was written in between", () => {
    const draft = run(
      three(),
      () => ({ type: "customise", channel: "a" }),
      write("uno", 0, "a"),
      () => ({ type: "customise", channel: "a" }),
    );
    expect(texts(draft, "a")[0]).toBe("uno");
  });

  test("going back asks only where something would be lost", () => {
    const tailored = run(three(), () => ({ type: "customise", channel: "a" }));
    expect(losesText(tailored, "a")).toBe(false);
    expect(losesText(tailored, "b")).toBe(false);
    expect(losesText(run(tailored, write("uno", 0, "a")), "a")).toBe(true);
    const back = run(tailored, write("uno", 0, "a"), () => ({ type: "reset", channel: "a" }));
    expect(texts(back, "a")).toEqual(["one", "two", "three"]);
  });

  test("settings stay when the text goes back to Global", () => {
    const draft = run(
      three(),
      () => ({ type: "customise", channel: "a" }),
      () => ({ type: "setting", channel: "a", name: "visibility", value: "public" }),
      () => ({ type: "reset", channel: "a" }),
    );
    expect(inputOf(draft, "draft").variants).toEqual({ a: { settings: { visibility: "public" } } });
    const without = run(draft, () => ({
      type: "setting",
      channel: "a",
      name: "visibility",
      value: undefined,
    }));
    expect(inputOf(without, "draft").variants).toEqual({});
  });
});

describe("media", () => {
  const withMedia = () =>
    run(three(), (it) => ({
      type: "addMedia",
      scope: GLOBAL,
      part: part(it, 0).key,
      items: [
        { key: "u1", id: null, alt: "" },
        { key: "m2", id: "file2", alt: "Two" },
      ],
    }));

  test("what is still uploading is not sent, and is sent everywhere once it is there", () => {
    const draft = run(withMedia(), () => ({ type: "customise", channel: "a" }));
    expect(inputOf(draft, "draft").parts[0]?.media).toEqual([{ id: "file2", alt: "Two" }]);
    const done = run(draft, () => ({ type: "uploaded", media: "u1", id: "file1", alt: "One" }));
    const input = inputOf(done, "draft");
    expect(input.parts[0]?.media.map((item) => item.id)).toEqual(["file1", "file2"]);
    expect(input.variants.a?.parts?.[0]?.media.map((item) => item.id)).toEqual(["file1", "file2"]);
  });

  test("a description that was written meanwhile is kept", () => {
    const draft = run(
      withMedia(),
      (it) => ({ type: "alt", scope: GLOBAL, part: part(it, 0).key, media: "u1", alt: "Mine" }),
      () => ({ type: "uploaded", media: "u1", id: "file1", alt: "From the file" }),
    );
    expect(part(draft, 0).media[0]).toEqual({ key: "u1", id: "file1", alt: "Mine" });
  });

  test("are ordered and removed", () => {
    const moved = run(withMedia(), (it) => ({
      type: "moveMedia",
      scope: GLOBAL,
      part: part(it, 0).key,
      media: "m2",
      to: 0,
    }));
    expect(part(moved, 0).media.map((item) => item.key)).toEqual(["m2", "u1"]);
    const left = run(moved, (it) => ({
      type: "removeMedia",
      scope: GLOBAL,
      part: part(it, 0).key,
      media: "m2",
    }));
    expect([...mediaKeys(left)]).toEqual(["u1"]);
  });

  test("a draft read back has fresh keys and no half uploads", () => {
    const before = withMedia();
    const fresh = withFreshKeys(before);
    expect(part(fresh, 0).media.map((item) => item.id)).toEqual(["file2"]);
    expect(part(fresh, 0).key).not.toBe(part(before, 0).key);
    expect(part(fresh, 0).media[0]?.key).not.toBe("m2");
  });
});

describe("the server's shape", () => {
  const post = {
    id: "p",
    state: "scheduled",
    due_at: "2026-03-29T07:30:00Z",
    time_zone: "Europe/Berlin",
    channels: ["a"],
    parts: [
      { text: "one", media: [{ id: "m", alt: "M" }], delay_minutes: 0 },
      { text: "two", media: [], delay_minutes: 5 },
    ],
    variants: { a: { parts: null, settings: { visibility: "public" } } },
    publications: [],
  } as unknown as Post;

  test("a post survives the way through the composer", () => {
    expect(inputOfPost(post)).toEqual({
      state: "scheduled",
      due_at: "2026-03-29T07:30:00Z",
      time_zone: "Europe/Berlin",
      channels: ["a"],
      parts: [
        { text: "one", media: [{ id: "m", alt: "M" }] },
        { text: "two", media: [], delay_minutes: 5 },
      ],
      variants: { a: { settings: { visibility: "public" } } },
    });
  });

  test("what follows a post stays with its channel, and a repost says nothing", () => {
    const comment = { act: "comment" as const, by: "b", after_minutes: 30, text: "Well said" };
    const repost = { act: "repost" as const, by: "b", after_minutes: 5, text: "left from before" };
    const draft = run(draftFrom(post, "UTC"), () => ({
      type: "plugs",
      channel: "a",
      plugs: [comment, repost],
    }));
    const plugs = [comment, { act: "repost", by: "b", after_minutes: 5 }];
    const input = inputOf(draft, "scheduled");
    expect(input.variants).toEqual({ a: { settings: { visibility: "public" }, plugs } });
    expect(inputOf(draftFrom(input, "UTC"), "scheduled")).toEqual(input);
    const none = run(draft, () => ({ type: "plugs", channel: "a", plugs: [] }));
    expect(inputOf(none, "scheduled").variants).toEqual({ a: { settings: { visibility: "public" } } });
  });

  test("the time is that of the post's own zone", () => {
    expect(draftFrom(post, "America/New_York")).toMatchObject({
      due: { date: "2026-03-29", time: "09:30" },
      zone: "Europe/Berlin",
    });
  });

  test("variants of channels that are not picked are left out, and now has no time", () => {
    const draft = run(draftFrom(post, "UTC"), () => ({ type: "channel", channel: "a", on: false }));
    const input = inputOf(draft, "now");
    expect(input.variants).toEqual({});
    expect(input).not.toHaveProperty("due_at");
  });

  test("blank is without words and files, in Global and everywhere", () => {
    const draft = emptyDraft("UTC", ["a"]);
    expect(isBlank(inputOf(run(draft, write(" \n")), "draft"))).toBe(true);
    expect(isBlank(inputOf(run(draft, write("x")), "draft"))).toBe(false);
    const tailored = run(draft, () => ({ type: "customise", channel: "a" }), write("x", 0, "a"));
    expect(isBlank(inputOf(tailored, "draft"))).toBe(false);
  });

  test("what a network may have is read only", () => {
    const at = (...states: string[]) =>
      isEditable({ state: "scheduled", publications: states.map((state) => ({ state })) } as unknown as Post);
    expect(at("scheduled", "held")).toBe(true);
    expect(at("scheduled", "published")).toBe(false);
    expect(at("unconfirmed")).toBe(false);
    expect(at("sending")).toBe(false);
    expect(isEditable({ state: "draft", publications: [] })).toBe(true);
  });
});
