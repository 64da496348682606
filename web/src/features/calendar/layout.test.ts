import { describe, expect, it } from "vitest";
import type { PostSummary, PublicationState } from "@/api/types";
import { abridge, byDay, byHour, clashing, gaps, matches, place } from "./layout";
import { calendarSearch } from "./search";

function post(
  id: string,
  due: string | null,
  on: [channel: string, state: PublicationState][] = [],
): PostSummary {
  return {
    id,
    state: on[0]?.[1] ?? "draft",
    due_at: due,
    time_zone: "UTC",
    excerpt: id,
    media_count: 0,
    version: 1,
    publications: on.map(([channel_id, state]) => ({
      id: `${id}-${channel_id}`,
      channel_id,
      network: "playground",
      state,
    })),
  };
}

describe("placing posts", () => {
  it("puts a post on the day and hour of the person's zone, in order, and leaves out what has no time", () => {
    const placed = place(
      [post("late", "2026-11-25T23:10:00Z"), post("none", null), post("early", "2026-11-25T22:50:00Z")],
      "Europe/Berlin",
    );
    expect(placed.map((item) => [item.post.id, item.date, item.hour])).toEqual([
      ["early", "2026-11-25", 23],
      ["late", "2026-11-26", 0],
    ]);
    expect([...byDay(placed).keys()]).toEqual(["2026-11-25", "2026-11-26"]);
  });

  it("keeps the order of posts of one instant steady", () => {
    const at = "2026-11-25T10:00:00Z";
    const ids = (posts: PostSummary[]) => place(posts, "UTC").map((item) => item.post.id);
    expect(ids([post("b", at), post("a", at)])).toEqual(["a", "b"]);
    expect(ids([post("a", at), post("b", at)])).toEqual(["a", "b"]);
  });

  it("marks both posts of the hour that comes twice, and no others", () => {
    const placed = place(
      [
        post("first", "2026-10-25T00:30:00Z"),
        post("second", "2026-10-25T01:30:00Z"),
        post("after", "2026-10-25T02:30:00Z"),
      ],
      "Europe/Berlin",
    );
    expect(placed.map((item) => [item.hour, item.twice])).toEqual([
      [2, true],
      [2, true],
      [3, false],
    ]);
    expect(
      byHour(placed)
        .get(2)
        ?.map((item) => item.post.id),
    ).toEqual(["first", "second"]);
  });

  it("spreads a thousand posts over their days", () => {
    const posts = Array.from({ length: 1000 }, (_, index) =>
      post(String(index), new Date(Date.UTC(2026, 9, 1) + index * 2_600_000).toISOString()),
    );
    expect(byDay(place(posts, "Europe/Berlin")).size).toBeGreaterThan(28);
  });
});

describe("what fits", () => {
  it("shows all that fit, and gives a line to what is left out otherwise", () => {
    expect(abridge([1, 2, 3], 3)).toEqual({ shown: [1, 2, 3], more: 0 });
    expect(abridge([1, 2, 3, 4], 3)).toEqual({ shown: [1, 2], more: 2 });
    expect(abridge([1, 2], 1)).toEqual({ shown: [], more: 2 });
    expect(abridge([1, 2], Number.POSITIVE_INFINITY)).toEqual({ shown: [1, 2], more: 0 });
  });
});

describe("the filter", () => {
  const mixed = post("p", null, [
    ["a", "published"],
    ["b", "failed"],
  ]);

  it("takes a post with one channel of those asked for", () => {
    expect(matches(mixed, { channels: ["b", "c"], states: [] })).toBe(true);
    expect(matches(mixed, { channels: ["c"], states: [] })).toBe(false);
  });

  it("looks for the state on the channels asked for", () => {
    expect(matches(mixed, { channels: ["a"], states: ["failed"] })).toBe(false);
    expect(matches(mixed, { channels: ["b"], states: ["failed"] })).toBe(true);
    expect(matches(mixed, { channels: [], states: ["failed"] })).toBe(true);
  });

  it("finds a draft without channels by its own state", () => {
    expect(matches(post("d", null), { channels: [], states: ["draft"] })).toBe(true);
    expect(matches(post("d", null), { channels: [], states: ["held"] })).toBe(false);
  });

  it("drops from the address what cannot be understood", () => {
    expect(
      calendarSearch({ view: "year", date: "2026-02-30", state: "failed,nonsense,failed", channel: 7 }),
    ).toEqual({
      state: "failed",
    });
    expect(calendarSearch({ view: "week", date: "2026-02-28", channel: "a,b" })).toEqual({
      view: "week",
      date: "2026-02-28",
      channel: "a,b",
    });
  });
});

describe("clashes and gaps", () => {
  it("finds posts to come in the same minute on the same channel, and no others", () => {
    const at = "2026-11-25T09:00:10Z";
    const posts = [
      post("one", at, [
        ["ada", "scheduled"],
        ["bob", "scheduled"],
      ]),
      post("two", "2026-11-25T09:00:50Z", [["bob", "draft"]]),
      post("later", "2026-11-25T09:01:00Z", [["bob", "scheduled"]]),
      post("elsewhere", at, [["eve", "scheduled"]]),
      post("out", at, [["eve", "published"]]),
      post("undated", null, [["ada", "draft"]]),
    ];
    expect([...clashing(posts)]).toEqual(["one", "two"]);
  });

  it("takes for gaps the empty days from today to the last one with posts", () => {
    const dates = ["2026-11-23", "2026-11-24", "2026-11-25", "2026-11-26", "2026-11-27"];
    const days = new Map([["2026-11-26", []]]);
    expect([...gaps(dates, days, "2026-11-24")]).toEqual(["2026-11-24", "2026-11-25"]);
    expect(gaps(dates, new Map(), "2026-11-24").size).toBe(0);
    expect(gaps(dates, days, "2026-11-27").size).toBe(0);
  });
});
