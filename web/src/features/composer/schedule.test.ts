import { describe, expect, test } from "vitest";
import { defaultTime, dueProblem, quickChoices } from "./schedule";

const at = (iso: string) => Date.parse(iso);

describe("the time a new post starts with", () => {
  test("is an hour ahead, on five minutes, in the zone", () => {
    expect(defaultTime(at("2026-06-01T10:02:00Z"), "Europe/Berlin")).toEqual({
      date: "2026-06-01",
      time: "13:05",
    });
    expect(defaultTime(at("2026-06-01T10:00:00Z"), "UTC")).toEqual({ date: "2026-06-01", time: "11:00" });
    expect(defaultTime(at("2026-06-01T23:30:00Z"), "UTC")).toEqual({ date: "2026-06-02", time: "00:30" });
  });

  test("steps over the hour that the clocks leave out", () => {
    expect(defaultTime(at("2026-03-29T00:30:00Z"), "Europe/Berlin")).toEqual({
      date: "2026-03-29",
      time: "03:30",
    });
  });
});

describe("quick choices", () => {
  test("are those ahead", () => {
    const ids = (iso: string) => quickChoices(at(iso), "Europe/Berlin").map((choice) => choice.id);
    expect(ids("2026-06-01T10:00:00Z")).toEqual(["hour", "evening", "tomorrow", "monday"]);
    expect(ids("2026-06-01T18:00:00Z")).toEqual(["hour", "tomorrow", "monday"]);
  });

  test("Monday is the next one, also on a Monday and on a Sunday", () => {
    const monday = (iso: string) =>
      quickChoices(at(iso), "UTC").find((choice) => choice.id === "monday")?.wall.date;
    expect(monday("2026-06-01T10:00:00Z")).toBe("2026-06-08");
    expect(monday("2026-06-07T10:00:00Z")).toBe("2026-06-08");
  });
});

describe("what keeps a post from being scheduled", () => {
  test("no time, and a time that has passed in the post's zone", () => {
    const now = at("2026-06-01T10:00:00Z");
    expect(dueProblem(null, "UTC", now)).toBe("missing");
    expect(dueProblem({ date: "2026-06-01", time: "11:00" }, "Europe/Berlin", now)).toBe("past");
    expect(dueProblem({ date: "2026-06-01", time: "11:00" }, "UTC", now)).toBeNull();
    expect(dueProblem({ date: "2026-06-01", time: "10:00" }, "UTC", now)).toBe("past");
  });
});
