import { Temporal } from "@/app/temporal";
import { instantOf, instantString, type WallTime, wallOf } from "@/app/zoned";

export interface QuickChoice {
  id: "hour" | "evening" | "tomorrow" | "monday";
  wall: WallTime;
}

/** Times people often want, as wall time in `zone`: those that are still ahead. */
export function quickChoices(now: number, zone: string): QuickChoice[] {
  const here = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(zone);
  const date = here.toPlainDate();
  const monday = date.add({ days: 8 - date.dayOfWeek });
  const choices: QuickChoice[] = [
    { id: "hour", wall: defaultTime(now, zone) },
    { id: "evening", wall: { date: date.toString(), time: "18:00" } },
    { id: "tomorrow", wall: { date: date.add({ days: 1 }).toString(), time: "09:00" } },
    { id: "monday", wall: { date: monday.toString(), time: "09:00" } },
  ];
  return choices.filter(({ wall }) => Date.parse(instantOf(wall, zone).iso) > now);
}

/** What a new post starts with: an hour from now, on the next five minutes. */
export function defaultTime(now: number, zone: string): WallTime {
  return wallOf(instantString(Math.ceil((now + 3_600_000) / 300_000) * 300_000), zone);
}

export type DueProblem = "missing" | "past" | null;

/** What keeps a post from being scheduled at `due`. */
export function dueProblem(due: WallTime | null, zone: string, now: number): DueProblem {
  if (!due) return "missing";
  return Date.parse(instantOf(due, zone).iso) <= now ? "past" : null;
}
