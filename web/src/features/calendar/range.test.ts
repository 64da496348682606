import { describe, expect, it } from "vitest";
import {
  cellId,
  cellOf,
  clocksChange,
  datesOf,
  daysOf,
  hourKind,
  monthGrid,
  startOfDay,
  step,
  titleOf,
  weekStartOf,
} from "./range";

describe("the days of a view", () => {
  it("begins the week where the person's week begins", () => {
    // 29 March 2026 is a Sunday.
    expect(weekStartOf("2026-03-29", "monday")).toBe("2026-03-23");
    expect(weekStartOf("2026-03-29", "sunday")).toBe("2026-03-29");
    expect(weekStartOf("2026-03-30", "monday")).toBe("2026-03-30");
    expect(weekStartOf("2026-03-28", "sunday")).toBe("2026-03-22");
  });

  it("shows seven days of a week, also across the clock change", () => {
    const days = daysOf("week", "2026-03-29", "monday");
    expect(days).toEqual({ from: "2026-03-23", to: "2026-03-30" });
    expect(datesOf(days)).toHaveLength(7);
  });

  it("fills a month's grid with whole weeks and holds every day once", () => {
    const weeks = monthGrid("2026-11-15", "monday");
    expect(weeks).toHaveLength(6);
    expect(weeks[0]?.[0]).toBe("2026-10-26");
    expect(weeks.at(-1)?.[6]).toBe("2026-12-06");
    expect(new Set(weeks.flat()).size).toBe(42);
    // February 2027 begins on a Monday and has exactly four weeks.
    expect(monthGrid("2027-02-10", "monday")).toHaveLength(4);
    expect(daysOf("month", "2027-02-10", "monday")).toEqual({ from: "2027-02-01", to: "2027-03-01" });
  });

  it("lists one month", () => {
    expect(daysOf("list", "2028-02-29", "monday")).toEqual({ from: "2028-02-01", to: "2028-03-01" });
  });

  it("steps by what is shown, and keeps to the days a month has", () => {
    expect(step("day", "2026-03-01", -1)).toBe("2026-02-28");
    expect(step("week", "2026-12-29", 1)).toBe("2027-01-05");
    expect(step("month", "2026-01-31", 1)).toBe("2026-02-28");
    expect(step("list", "2026-03-31", -1)).toBe("2026-02-28");
  });
});

describe("the instants of a day", () => {
  it("begins at the zone's midnight, before and after the clock change", () => {
    expect(startOfDay("2026-03-29", "Europe/Berlin")).toBe("2026-03-28T23:00:00Z");
    expect(startOfDay("2026-03-30", "Europe/Berlin")).toBe("2026-03-29T22:00:00Z");
    expect(startOfDay("2026-11-25", "Asia/Kathmandu")).toBe("2026-11-24T18:15:00Z");
  });

  it("begins later where clocks skip midnight", () => {
    // In Cairo clocks went from 00:00 to 01:00 on 26 April 2024.
    expect(startOfDay("2024-04-26", "Africa/Cairo")).toBe("2024-04-25T22:00:00Z");
  });

  it("knows the hour that does not exist and the one that comes twice", () => {
    expect(hourKind("2026-03-29", 1, "Europe/Berlin")).toBe("plain");
    expect(hourKind("2026-03-29", 2, "Europe/Berlin")).toBe("absent");
    expect(hourKind("2026-03-29", 3, "Europe/Berlin")).toBe("plain");
    expect(hourKind("2026-10-25", 2, "Europe/Berlin")).toBe("twice");
    expect(hourKind("2026-10-25", 3, "Europe/Berlin")).toBe("plain");
  });

  it("leaves an hour plain that is skipped only by half", () => {
    // Lord Howe Island moves its clocks by thirty minutes.
    expect(hourKind("2026-10-04", 2, "Australia/Lord_Howe")).toBe("plain");
  });

  it("says on which days the clocks change", () => {
    expect(clocksChange("2026-03-29", "Europe/Berlin")).toBe(true);
    expect(clocksChange("2026-03-30", "Europe/Berlin")).toBe(false);
    expect(clocksChange("2026-03-29", "UTC")).toBe(false);
  });
});

describe("cells and titles", () => {
  it("finds the cell of an instant in the zone", () => {
    expect(cellOf("2026-03-28T23:30:00Z", "Europe/Berlin", true)).toEqual({ date: "2026-03-29", hour: 0 });
    expect(cellOf("2026-03-28T23:30:00Z", "America/New_York", false)).toEqual({ date: "2026-03-28" });
    expect(cellId({ date: "2026-03-29", hour: 7 })).toBe("2026-03-29T07");
    expect(cellId({ date: "2026-03-29" })).toBe("2026-03-29");
  });

  it("names a view", () => {
    expect(titleOf("month", "2026-11-25", "monday").long).toBe("November 2026");
    expect(titleOf("day", "2026-11-25", "monday").short).toBe("Wed 25 Nov");
    const week = titleOf("week", "2026-12-30", "monday").long;
    expect(week).toContain("28 December 2026");
    expect(week).toContain("3 January 2027");
  });
});
