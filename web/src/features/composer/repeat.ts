import { Temporal } from "@/app/temporal";

/* Recurrence rules as people choose them. What the choices can't say stays as it is written. */

export type Frequency = "DAILY" | "WEEKLY" | "MONTHLY" | "YEARLY";
export const FREQUENCIES: readonly Frequency[] = ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"];
export const DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"] as const;
export type Day = (typeof DAYS)[number];

export type End = { kind: "never" } | { kind: "count"; count: number } | { kind: "until"; date: string };

export interface Chosen {
  frequency: Frequency;
  interval: number;
  /** Days of the week, for weeks. */
  days: Day[];
  /** The day of the month, for months: none is that of the start, `last` the last. */
  month: "day" | "last" | "nth";
  end: End;
}

export type Preset = "none" | "daily" | "weekdays" | "weekly" | "monthly" | "lastDay" | "yearly" | "custom";

export const dayOf = (date: string): Day => DAYS[Temporal.PlainDate.from(date).dayOfWeek - 1] ?? "MO";

/** Which of its weekdays in the month a date is: "2" of "the second Tuesday". */
export const nthOf = (date: string): number => Math.ceil(Temporal.PlainDate.from(date).day / 7);

/** Whether a date is the last of its month. */
export function isLastDay(date: string): boolean {
  const day = Temporal.PlainDate.from(date);
  return day.day === day.daysInMonth;
}

/** The rule of a choice, for a post that starts on `date`. */
export function ruleOf({ frequency, interval, days, month, end }: Chosen, date: string): string {
  const parts = [`FREQ=${frequency}`];
  if (interval > 1) parts.push(`INTERVAL=${interval}`);
  if (frequency === "WEEKLY" && days.length > 0) {
    parts.push(`BYDAY=${DAYS.filter((day) => days.includes(day)).join(",")}`);
  }
  if (frequency === "MONTHLY" && month === "last") parts.push("BYMONTHDAY=-1");
  if (frequency === "MONTHLY" && month === "nth") {
    // A fifth one is not in every month: then the last is meant.
    const nth = nthOf(date);
    parts.push(`BYDAY=${nth > 4 ? -1 : nth}${dayOf(date)}`);
  }
  if (end.kind === "count") parts.push(`COUNT=${end.count}`);
  if (end.kind === "until") parts.push(`UNTIL=${end.date.replaceAll("-", "")}`);
  return parts.join(";");
}

/** The choice that a rule is; null where it says more than can be chosen. */
export function chosenOf(rule: string): Chosen | null {
  const fields = new Map(
    rule.split(";").map((part) => {
      const [name = "", value = ""] = part.split("=");
      return [name, value] as const;
    }),
  );
  const frequency = FREQUENCIES.find((known) => known === fields.get("FREQ"));
  if (!frequency) return null;
  const byDay = fields.get("BYDAY")?.split(",") ?? [];
  const days = DAYS.filter((day) => byDay.includes(day));
  const byMonthDay = fields.get("BYMONTHDAY");
  const nth = frequency === "MONTHLY" && byDay.length === 1 && /^(-1|[1-4])[A-Z]{2}$/.test(byDay[0] ?? "");
  if (!nth && (days.length !== byDay.length || (byDay.length > 0 && frequency !== "WEEKLY"))) return null;
  if (byMonthDay !== undefined && (byMonthDay !== "-1" || frequency !== "MONTHLY" || nth)) return null;
  const count = fields.get("COUNT");
  const until = fields.get("UNTIL");
  const end: End = count
    ? { kind: "count", count: Number(count) }
    : until
      ? { kind: "until", date: `${until.slice(0, 4)}-${until.slice(4, 6)}-${until.slice(6, 8)}` }
      : { kind: "never" };
  return {
    frequency,
    interval: Number(fields.get("INTERVAL") ?? 1),
    days,
    month: nth ? "nth" : byMonthDay ? "last" : "day",
    end,
  };
}

const WEEKDAYS = DAYS.slice(0, 5);

/** The preset that a choice is, for a post that starts on `date`. */
export function presetOf(chosen: Chosen | null, date: string): Preset {
  if (!chosen) return "custom";
  const { frequency, interval, days, month } = chosen;
  if (interval !== 1 || month === "nth") return "custom";
  if (frequency === "DAILY") return "daily";
  if (frequency === "YEARLY") return "yearly";
  if (frequency === "MONTHLY") return month === "last" ? "lastDay" : "monthly";
  if (days.length === 0 || (days.length === 1 && days[0] === dayOf(date))) return "weekly";
  return days.join() === WEEKDAYS.join() ? "weekdays" : "custom";
}

/** What a preset chooses; the end stays as it was. */
export function presetChoice(preset: Exclude<Preset, "none" | "custom">, end: End): Chosen {
  const plain = { interval: 1, days: [], month: "day", end } as const;
  switch (preset) {
    case "daily":
      return { ...plain, days: [], frequency: "DAILY" };
    case "weekdays":
      return { ...plain, frequency: "WEEKLY", days: [...WEEKDAYS] };
    case "weekly":
      return { ...plain, days: [], frequency: "WEEKLY" };
    case "monthly":
      return { ...plain, days: [], frequency: "MONTHLY" };
    case "lastDay":
      return { ...plain, days: [], frequency: "MONTHLY", month: "last" };
    case "yearly":
      return { ...plain, days: [], frequency: "YEARLY" };
  }
}
