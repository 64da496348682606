import type { User } from "@/api/types";
import { Temporal } from "@/app/temporal";
import { addDays, instantOf, instantString, wallOf } from "@/app/zoned";
import type { View } from "./search";

/* Which days a view shows, and which instants those are. Days are dates such as "2026-03-29". */

type WeekStart = User["week_start"];

/** Days from `from` up to, but not including, `to`. */
export interface Days {
  from: string;
  to: string;
}

export function weekStartOf(date: string, weekStart: WeekStart): string {
  const day = Temporal.PlainDate.from(date).dayOfWeek;
  return addDays(date, weekStart === "monday" ? 1 - day : -(day % 7));
}

export function datesOf({ from, to }: Days): string[] {
  const dates: string[] = [];
  for (let date = from; date < to; date = addDays(date, 1)) dates.push(date);
  return dates;
}

/** The days of a month's grid: whole weeks, from that of the first to that of the last. */
export function monthGrid(date: string, weekStart: WeekStart): string[][] {
  const first = Temporal.PlainDate.from(date).with({ day: 1 });
  const next = first.add({ months: 1 }).toString();
  const weeks: string[][] = [];
  for (let start = weekStartOf(first.toString(), weekStart); start < next; start = addDays(start, 7)) {
    weeks.push(datesOf({ from: start, to: addDays(start, 7) }));
  }
  return weeks;
}

/** The days a view shows around a date. */
export function daysOf(view: View, date: string, weekStart: WeekStart): Days {
  switch (view) {
    case "day":
      return { from: date, to: addDays(date, 1) };
    case "week": {
      const from = weekStartOf(date, weekStart);
      return { from, to: addDays(from, 7) };
    }
    case "month": {
      const weeks = monthGrid(date, weekStart);
      return { from: weeks[0]?.[0] ?? date, to: addDays(weeks.at(-1)?.[6] ?? date, 1) };
    }
    case "list": {
      const first = Temporal.PlainDate.from(date).with({ day: 1 });
      return { from: first.toString(), to: first.add({ months: 1 }).toString() };
    }
  }
}

/** The date to show after a step back or forward. A month's step keeps the day where the other month has it. */
export function step(view: View, date: string, by: -1 | 1): string {
  if (view === "day") return addDays(date, by);
  if (view === "week") return addDays(date, 7 * by);
  return Temporal.PlainDate.from(date).add({ months: by }).toString();
}

/** The first instant of a day; where clocks skip midnight, that is later than 00:00. */
export function startOfDay(date: string, zone: string): string {
  return instantString(Temporal.PlainDate.from(date).toZonedDateTime({ timeZone: zone }).epochMilliseconds);
}

export type HourKind = "plain" | "absent" | "twice";

/** What the clocks do in an hour of a day: it may not exist (clocks go forward), or come twice (clocks go back). */
export function hourKind(date: string, hour: number, zone: string): HourKind {
  const pad = String(hour).padStart(2, "0");
  const begin = instantOf({ date, time: `${pad}:00` }, zone);
  const end = instantOf({ date, time: `${pad}:59` }, zone);
  if (begin.note === "gap" && end.note === "gap") return "absent";
  return begin.note === "overlap" && end.note === "overlap" ? "twice" : "plain";
}

/** Whether the clocks of the zone change on that day: then its hours must be looked at one by one. */
export function clocksChange(date: string, zone: string): boolean {
  const day = Temporal.PlainDate.from(date).toZonedDateTime({ timeZone: zone });
  return day.hoursInDay !== 24;
}

export interface Title {
  long: string;
  short: string;
}

/** What a view is called: "24 – 30 November 2026". */
export function titleOf(view: View, date: string, weekStart: WeekStart): Title {
  const say = (options: Intl.DateTimeFormatOptions) => {
    const format = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", ...options });
    return (day: string) => format.format(Date.parse(day));
  };
  if (view === "month" || view === "list") {
    return {
      long: say({ month: "long", year: "numeric" })(date),
      short: say({ month: "short", year: "numeric" })(date),
    };
  }
  if (view === "day") {
    return {
      long: say({ weekday: "long", day: "numeric", month: "long", year: "numeric" })(date),
      short: say({ weekday: "short", day: "numeric", month: "short" })(date),
    };
  }
  const { from, to } = daysOf("week", date, weekStart);
  const last = addDays(to, -1);
  const between = (month: "long" | "short") => {
    const format = new Intl.DateTimeFormat("en-GB", {
      timeZone: "UTC",
      day: "numeric",
      month,
      year: "numeric",
    });
    return format.formatRange(Date.parse(from), Date.parse(last));
  };
  return { long: between("long"), short: between("short") };
}

/** An hour's or day's cell as drag and drop know it. */
export interface Cell {
  date: string;
  /** None in the month, where a cell is a whole day. */
  hour?: number;
}

export function cellId({ date, hour }: Cell): string {
  return hour === undefined ? date : `${date}T${String(hour).padStart(2, "0")}`;
}

/** The cell an instant lies in. */
export function cellOf(iso: string, zone: string, hourly: boolean): Cell {
  const { date, time } = wallOf(iso, zone);
  return hourly ? { date, hour: Number(time.slice(0, 2)) } : { date };
}
