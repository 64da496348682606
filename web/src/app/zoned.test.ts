import { describe, expect, it } from "vitest";
import { addDays, instantOf, isDate, isZone, today, wallOf } from "./zoned";

describe("wall time and instants", () => {
  it("reads an instant in a zone, whatever the machine's own zone is", () => {
    expect(wallOf("2026-11-25T23:05:30Z", "Asia/Tokyo")).toEqual({ date: "2026-11-26", time: "08:05" });
    expect(wallOf("2026-11-25T04:59:00Z", "America/New_York")).toEqual({ date: "2026-11-24", time: "23:59" });
  });

  it("moves a time that does not exist forward, and says so", () => {
    expect(instantOf({ date: "2026-03-29", time: "02:30" }, "Europe/Berlin")).toEqual({
      iso: "2026-03-29T01:30:00Z",
      note: "gap",
      wall: { date: "2026-03-29", time: "03:30" },
    });
  });

  it("takes the first of a time that comes twice, and says so", () => {
    expect(instantOf({ date: "2026-10-25", time: "02:30" }, "Europe/Berlin")).toMatchObject({
      iso: "2026-10-25T00:30:00Z",
      note: "overlap",
    });
  });

  it("goes there and back", () => {
    const wall = { date: "2026-07-01", time: "18:45" };
    expect(wallOf(instantOf(wall, "Asia/Kathmandu").iso, "Asia/Kathmandu")).toEqual(wall);
  });

  it("knows dates and zones from what only looks like them", () => {
    expect(isDate("2028-02-29")).toBe(true);
    expect(isDate("2026-02-29")).toBe(false);
    expect(isDate("2026-2-1")).toBe(false);
    expect(isDate(20260201)).toBe(false);
    expect(isZone("Europe/Berlin")).toBe(true);
    expect(isZone("Europe/Atlantis")).toBe(false);
  });

  it("counts days over the ends of months and years", () => {
    expect(addDays("2026-12-31", 1)).toBe("2027-01-01");
    expect(addDays("2026-03-01", -1)).toBe("2026-02-28");
    expect(today("Pacific/Kiritimati", Date.parse("2026-11-25T11:00:00Z"))).toBe("2026-11-26");
  });
});
