import { describe, expect, it } from "vitest";
import { bytes, makeFormat, relativeTime, zoneLabel } from "./format";

describe("times for people", () => {
  it("follows the person's clock", () => {
    expect(makeFormat("Europe/Berlin", "h24").time("2026-11-25T13:05:00Z")).toBe("14:05");
    expect(makeFormat("Europe/Berlin", "h12").time("2026-11-25T13:05:00Z")).toMatch(/^2:05\spm$/);
    expect(makeFormat("Europe/Berlin", "h24").time("2026-11-24T23:00:00Z")).toBe("00:00");
  });

  it("tells the two halves of the hour that comes twice apart", () => {
    const { timeWithOffset } = makeFormat("Europe/Berlin", "h24");
    expect(timeWithOffset("2026-10-25T00:30:00Z")).toBe("02:30 GMT+2");
    expect(timeWithOffset("2026-10-25T01:30:00Z")).toBe("02:30 GMT+1");
  });

  it("puts the instants in a text of the server into the person's zone, and leaves the rest", () => {
    const { instantsIn } = makeFormat("America/New_York", "h24");
    expect(instantsIn("Due 2026-11-25T00:55:00.936062448Z, try 2.")).toBe("Due Tue 24 Nov, 19:55, try 2.");
    expect(instantsIn("202 Accepted, request 2026-11")).toBe("202 Accepted, request 2026-11");
  });

  it("says how long ago or ahead", () => {
    const now = Date.parse("2026-11-25T12:00:00Z");
    expect(relativeTime("2026-11-25T11:59:30Z", now)).toBe("just now");
    expect(relativeTime("2026-11-25T12:05:00Z", now)).toBe("in 5 minutes");
    expect(relativeTime("2026-11-24T12:00:00Z", now)).toBe("yesterday");
  });

  it("names zones and sizes", () => {
    expect(zoneLabel("America/New_York", new Date("2026-07-01T00:00:00Z"))).toBe("New York (GMT-4)");
    expect(bytes(999)).toBe("999 B");
    expect(bytes(1_500_000)).toBe("1.5 MB");
  });
});
