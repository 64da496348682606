import { expect, it } from "vitest";
import { chosenOf, presetChoice, presetOf, ruleOf } from "./repeat";

const TUESDAY = "2027-03-09";

it("writes the rule of a choice and reads it back", () => {
  const chosen = {
    frequency: "WEEKLY",
    interval: 2,
    days: ["FR", "MO"],
    month: "day",
    end: { kind: "until", date: "2027-12-31" },
  } as const;
  const rule = ruleOf({ ...chosen, days: [...chosen.days] }, TUESDAY);
  expect(rule).toBe("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR;UNTIL=20271231");
  expect(chosenOf(rule)).toEqual({ ...chosen, days: ["MO", "FR"] });
});

it("knows its presets again", () => {
  for (const preset of ["daily", "weekdays", "weekly", "monthly", "lastDay", "yearly"] as const) {
    const rule = ruleOf(presetChoice(preset, { kind: "count", count: 3 }), TUESDAY);
    expect(rule).toContain("COUNT=3");
    expect(presetOf(chosenOf(rule), TUESDAY)).toBe(preset);
  }
  expect(presetOf(chosenOf("FREQ=WEEKLY;BYDAY=TU"), TUESDAY)).toBe("weekly");
  expect(presetOf(chosenOf("FREQ=WEEKLY;BYDAY=WE"), TUESDAY)).toBe("custom");
});

it("says the nth weekday of a month, and the last where there is no fifth in every month", () => {
  const monthly = {
    frequency: "MONTHLY",
    interval: 1,
    days: [],
    month: "nth",
    end: { kind: "never" },
  } as const;
  expect(ruleOf({ ...monthly, days: [] }, TUESDAY)).toBe("FREQ=MONTHLY;BYDAY=2TU");
  expect(ruleOf({ ...monthly, days: [] }, "2027-03-30")).toBe("FREQ=MONTHLY;BYDAY=-1TU");
  expect(chosenOf("FREQ=MONTHLY;BYDAY=2TU")?.month).toBe("nth");
});

it("leaves a rule alone that says more than can be chosen", () => {
  for (const rule of ["FREQ=MONTHLY;BYMONTHDAY=1,15", "FREQ=MONTHLY;BYDAY=1MO,3MO", "FREQ=DAILY;BYDAY=MO"]) {
    expect(chosenOf(rule)).toBeNull();
    expect(presetOf(chosenOf(rule), TUESDAY)).toBe("custom");
  }
});
