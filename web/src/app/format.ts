import { useMemo } from "react";
import { t } from "@/i18n";
import { useSession } from "./session";

const cache = new Map<string, Intl.DateTimeFormat>();

function formatter(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = zone + JSON.stringify(options);
  let found = cache.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...options });
    cache.set(key, found);
  }
  return found;
}

const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** "in 5 minutes", "yesterday"; under a minute "just now". */
export function relativeTime(iso: string, now: number): string {
  const seconds = (Date.parse(iso) - now) / 1000;
  for (const [unit, size] of STEPS) {
    if (Math.abs(seconds) >= size) return RELATIVE.format(Math.round(seconds / size), unit);
  }
  return t("common.justNow");
}

export function bytes(size: number): string {
  const units = ["B", "kB", "MB", "GB"];
  let value = size;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value >= 10 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** How long something plays: "0:07", "1:02:03". */
export function duration(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  const two = (value: number) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

const INSTANT = /\b\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)/g;

export function makeFormat(zone: string, clock: "h24" | "h12") {
  const hour12 = clock === "h12";
  const time: Intl.DateTimeFormatOptions = {
    hour: hour12 ? "numeric" : "2-digit",
    minute: "2-digit",
    hour12,
  };
  const of = (options: Intl.DateTimeFormatOptions) => (iso: string) =>
    formatter(zone, options).format(new Date(iso));
  return {
    zone,
    hour12,
    time: of(time),
    /** For the hour that comes twice when the clocks go back. */
    timeWithOffset: of({ ...time, timeZoneName: "shortOffset" }),
    weekday: of({ weekday: "short", day: "numeric", month: "short" }),
    date: of({ day: "numeric", month: "short", year: "numeric" }),
    dateTime: of({ weekday: "short", day: "numeric", month: "short", year: "numeric", ...time }),
    precise: of({ day: "numeric", month: "short", ...time, second: "2-digit" }),
    /** A text of the server with its instants as people here read them. */
    instantsIn: (text: string) =>
      text.replace(INSTANT, of({ weekday: "short", day: "numeric", month: "short", ...time })),
    relative: (iso: string) => relativeTime(iso, Date.now()),
  };
}

export type Format = ReturnType<typeof makeFormat>;

/** Formats in the person's own zone and clock. */
export function useFormat(): Format {
  const { user } = useSession();
  return useMemo(() => makeFormat(user.time_zone, user.clock), [user.time_zone, user.clock]);
}

/** "America/New_York" → "New York". */
export function zonePlace(zone: string): string {
  return zone.split("/").at(-1)?.replaceAll("_", " ") ?? zone;
}

/** "Europe/Berlin" → "Berlin (GMT+1)": the zone as people read it, at a given instant. */
export function zoneLabel(zone: string, at: Date = new Date()): string {
  const offset = new Intl.DateTimeFormat("en-GB", { timeZone: zone, timeZoneName: "shortOffset" })
    .formatToParts(at)
    .find((part) => part.type === "timeZoneName")?.value;
  const place = zonePlace(zone);
  return offset && offset !== place ? `${place} (${offset})` : place;
}

export function browserZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

/** All zones the browser knows, with UTC first. */
export function allZones(): string[] {
  const zones = Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC");
  return ["UTC", ...zones];
}
