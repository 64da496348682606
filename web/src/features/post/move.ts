import type { PublicationState } from "@/api/types";
import { instantOf, instantString, type WallTime, wallOf } from "@/app/zoned";

/* Whether a post can get another time, and which one a drop gives it. */

export type Unmovable = "published" | "sending" | "unconfirmed" | "failed" | "cancelled";

interface Movable {
  state: PublicationState;
  publications: readonly { state: PublicationState }[];
}

const WAITING: readonly PublicationState[] = ["draft", "scheduled", "preparing", "held"];

/** Why a post cannot be moved, or null where it can. What is sent of it already stays; the rest moves. */
export function unmovable(post: Movable): Unmovable | null {
  const states = post.publications.length > 0 ? post.publications.map(({ state }) => state) : [post.state];
  if (states.includes("sending")) return "sending";
  if (states.some((state) => WAITING.includes(state))) return null;
  for (const why of ["published", "unconfirmed", "failed"] as const) if (states.includes(why)) return why;
  return "cancelled";
}

export type Target =
  | { kind: "moved"; iso: string; wall: WallTime; note: "gap" | "overlap" | null }
  | { kind: "same" }
  | { kind: "past" };

const FIVE_MINUTES = 300_000;

/**
 * The time a post gets in another day, or another hour of a day. Its clock time stays as far as the cell allows:
 * in another day the time of day, in another hour the minutes. In the hour or day that is now, a time that is
 * over becomes the next five minutes.
 */
export function dropTime(
  due: string,
  zone: string,
  cell: { date: string; hour?: number },
  now: number,
): Target {
  const before = wallOf(due, zone);
  const time =
    cell.hour === undefined ? before.time : `${String(cell.hour).padStart(2, "0")}:${before.time.slice(3)}`;
  if (cell.date === before.date && time === before.time) return { kind: "same" };
  const resolved = instantOf({ date: cell.date, time }, zone);
  if (Date.parse(resolved.iso) > now) return { kind: "moved", ...resolved };
  const soon = soonIn(cell, zone, now);
  return soon ? { kind: "moved", iso: soon, wall: wallOf(soon, zone), note: null } : { kind: "past" };
}

/** The time a new post gets in a cell: the hour's start or, for a whole day, nine; in a cell that is now, soon. Null where it is over. */
export function slotTime(zone: string, cell: { date: string; hour?: number }, now: number): string | null {
  const time = cell.hour === undefined ? "09:00" : `${String(cell.hour).padStart(2, "0")}:00`;
  const resolved = instantOf({ date: cell.date, time }, zone);
  if (Date.parse(resolved.iso) > now) return resolved.iso;
  return soonIn(cell, zone, now);
}

/** The next full five minutes, if they lie in the cell. */
function soonIn(cell: { date: string; hour?: number }, zone: string, now: number): string | null {
  const soon = instantString((Math.floor(now / FIVE_MINUTES) + 1) * FIVE_MINUTES);
  const wall = wallOf(soon, zone);
  const within =
    wall.date === cell.date && (cell.hour === undefined || Number(wall.time.slice(0, 2)) === cell.hour);
  return within ? soon : null;
}
