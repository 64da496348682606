import { Temporal } from "./temporal";

/* Wall time and instants. An instant is an RFC 3339 string in UTC, a date "2026-03-29", a time "09:30". */

export interface WallTime {
  date: string;
  time: string;
}

export interface Resolved {
  iso: string;
  /** The wall time does not exist that day (clocks go forward), or exists twice (clocks go back); else null. */
  note: "gap" | "overlap" | null;
  /** The wall time that the instant has, which differs in a gap. */
  wall: WallTime;
}

const two = (value: number) => String(value).padStart(2, "0");

export function wallOf(iso: string, zone: string): WallTime {
  const at = Temporal.Instant.from(iso).toZonedDateTimeISO(zone);
  return { date: at.toPlainDate().toString(), time: `${two(at.hour)}:${two(at.minute)}` };
}

/** The instant of a wall time. In a gap the time moves forward by its length; of two equal times the first is taken. */
export function instantOf(wall: WallTime, zone: string): Resolved {
  const plain = Temporal.PlainDateTime.from(`${wall.date}T${wall.time}`);
  const at = plain.toZonedDateTime(zone, { disambiguation: "compatible" });
  const later = plain.toZonedDateTime(zone, { disambiguation: "later" });
  const gap = !at.toPlainDateTime().equals(plain);
  const overlap = !gap && later.epochMilliseconds !== at.epochMilliseconds;
  return {
    iso: instantString(at.epochMilliseconds),
    note: gap ? "gap" : overlap ? "overlap" : null,
    wall: { date: at.toPlainDate().toString(), time: `${two(at.hour)}:${two(at.minute)}` },
  };
}

/** RFC 3339 in UTC without needless fractions: "2026-03-29T07:00:00Z". */
export function instantString(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.000Z$/, "Z");
}

export function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

export function isDate(value: unknown): value is string {
  if (typeof value !== "string" || !/^\d{4}-\d{2}-\d{2}$/.test(value)) return false;
  try {
    Temporal.PlainDate.from(value, { overflow: "reject" });
    return true;
  } catch {
    return false;
  }
}

export function addDays(date: string, days: number): string {
  return Temporal.PlainDate.from(date).add({ days }).toString();
}

export function today(zone: string, now: number): string {
  return wallOf(instantString(now), zone).date;
}
