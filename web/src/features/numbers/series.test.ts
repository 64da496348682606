import { describe, expect, it } from "vitest";
import { path, told } from "./series";

const point = (day: string, value: number) => ({ day, value });

describe("the card of a metric", () => {
  it("says how it stands and how it has changed", () => {
    const points = [point("2026-11-01", 10), point("2026-11-03", 14)];
    const said = told({ metric: "followers", unit: "count", per: "total", points });
    expect([said?.value, said?.change]).toEqual([14, 4]);
  });

  it("adds up what days have brought", () => {
    const points = [point("2026-11-01", 10), point("2026-11-02", 5)];
    const said = told({ metric: "impressions", unit: "count", per: "day", points });
    expect([said?.value, said?.change]).toEqual([15, null]);
  });

  it("knows no change from one day, and nothing from none", () => {
    const one = told({ metric: "likes", unit: "count", per: "total", points: [point("2026-11-01", 3)] });
    expect([one?.value, one?.change]).toEqual([3, null]);
    expect(told({ metric: "likes", unit: "count", per: "total", points: [] })).toBeNull();
  });
});

describe("the line", () => {
  it("goes from left to right by days, and is flat where nothing changes", () => {
    expect(path([point("2026-11-01", 0), point("2026-11-02", 5), point("2026-11-05", 10)])).toBe(
      "0.0,26.0 25.0,14.0 100.0,2.0",
    );
    expect(path([point("2026-11-01", 7), point("2026-11-02", 7)])).toBe("0.0,14.0 100.0,14.0");
    expect(path([point("2026-11-01", 7)])).toBe("");
  });
});
