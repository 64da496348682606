import { describe, expect, it } from "vitest";
import type { PublicationState } from "@/api/types";
import { dropTime, slotTime, unmovable } from "./move";

const ZONE = "Europe/Berlin";
const NOW = Date.parse("2026-03-20T09:32:00Z"); // 10:32 in Berlin

const post = (state: PublicationState, ...states: PublicationState[]) => ({
  state,
  publications: states.map((it) => ({ state: it })),
});

describe("what can be moved", () => {
  it("moves what waits, and a draft without channels", () => {
    expect(unmovable(post("draft"))).toBeNull();
    for (const state of ["draft", "scheduled", "preparing", "held"] as const) {
      expect(unmovable(post(state, state))).toBeNull();
    }
  });

  it("says why the rest stays", () => {
    for (const state of ["published", "sending", "unconfirmed", "failed", "cancelled"] as const) {
      expect(unmovable(post(state, state))).toBe(state);
    }
  });

  it("moves what is left of a post that is partly published, but nothing while a part is being sent", () => {
    expect(unmovable(post("scheduled", "published", "scheduled"))).toBeNull();
    expect(unmovable(post("sending", "sending", "scheduled"))).toBe("sending");
    expect(unmovable(post("failed", "published", "failed"))).toBe("published");
  });
});

describe("where a drop leads", () => {
  it("keeps the time of day on another day, also when the clocks change between", () => {
    expect(dropTime("2026-03-27T08:30:00Z", ZONE, { date: "2026-03-30" }, NOW)).toEqual({
      kind: "moved",
      iso: "2026-03-30T07:30:00Z",
      wall: { date: "2026-03-30", time: "09:30" },
      note: null,
    });
  });

  it("keeps the minutes in another hour", () => {
    expect(dropTime("2026-03-27T08:45:00Z", ZONE, { date: "2026-03-27", hour: 14 }, NOW)).toMatchObject({
      kind: "moved",
      iso: "2026-03-27T13:45:00Z",
    });
  });

  it("goes past an hour that does not exist", () => {
    expect(dropTime("2026-03-27T08:30:00Z", ZONE, { date: "2026-03-29", hour: 2 }, NOW)).toMatchObject({
      kind: "moved",
      note: "gap",
      wall: { date: "2026-03-29", time: "03:30" },
    });
  });

  it("is no move in the post's own cell", () => {
    expect(dropTime("2026-03-27T08:45:00Z", ZONE, { date: "2026-03-27", hour: 9 }, NOW)).toEqual({
      kind: "same",
    });
    expect(dropTime("2026-03-27T08:45:00Z", ZONE, { date: "2026-03-27" }, NOW)).toEqual({ kind: "same" });
  });

  it("refuses the past, and takes the next five minutes in the cell that is now", () => {
    expect(dropTime("2026-03-27T08:45:00Z", ZONE, { date: "2026-03-19" }, NOW)).toEqual({ kind: "past" });
    expect(dropTime("2026-03-27T08:45:00Z", ZONE, { date: "2026-03-20", hour: 9 }, NOW)).toEqual({
      kind: "past",
    });
    expect(dropTime("2026-03-27T08:15:00Z", ZONE, { date: "2026-03-20", hour: 10 }, NOW)).toMatchObject({
      kind: "moved",
      iso: "2026-03-20T09:35:00Z",
    });
    expect(dropTime("2026-03-27T08:15:00Z", ZONE, { date: "2026-03-20" }, NOW)).toMatchObject({
      kind: "moved",
      iso: "2026-03-20T09:35:00Z",
    });
  });
});

describe("the time of a slot", () => {
  it("is the hour's start, or nine for a day", () => {
    expect(slotTime(ZONE, { date: "2026-03-21", hour: 17 }, NOW)).toBe("2026-03-21T16:00:00Z");
    expect(slotTime(ZONE, { date: "2026-03-30" }, NOW)).toBe("2026-03-30T07:00:00Z");
  });

  it("is soon where the cell is now, and nothing where it is over", () => {
    expect(slotTime(ZONE, { date: "2026-03-20", hour: 10 }, NOW)).toBe("2026-03-20T09:35:00Z");
    expect(slotTime(ZONE, { date: "2026-03-20" }, NOW)).toBe("2026-03-20T09:35:00Z");
    expect(slotTime(ZONE, { date: "2026-03-20", hour: 9 }, NOW)).toBeNull();
    expect(slotTime(ZONE, { date: "2026-03-19" }, NOW)).toBeNull();
  });
});
