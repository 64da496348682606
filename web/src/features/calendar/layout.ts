import type { PostSummary, PublicationState } from "@/api/types";
import { instantOf, wallOf } from "@/app/zoned";
import { clocksChange } from "./range";

/* Where posts stand in a calendar. */

export interface Placed {
  post: PostSummary;
  due: string;
  date: string;
  hour: number;
  /** Its clock time comes twice that day, so the zone's offset belongs beside it. */
  twice: boolean;
}

/** The posts that have a time, in order, with where they stand in a zone. */
export function place(posts: readonly PostSummary[], zone: string): Placed[] {
  const placed: Placed[] = [];
  const changing = new Map<string, boolean>();
  const changes = (date: string) => {
    let known = changing.get(date);
    if (known === undefined) {
      known = clocksChange(date, zone);
      changing.set(date, known);
    }
    return known;
  };
  for (const post of posts) {
    if (!post.due_at) continue;
    const wall = wallOf(post.due_at, zone);
    placed.push({
      post,
      due: post.due_at,
      date: wall.date,
      hour: Number(wall.time.slice(0, 2)),
      twice: changes(wall.date) && instantOf(wall, zone).note === "overlap",
    });
  }
  return placed.sort(
    (a, b) =>
      Date.parse(a.due) - Date.parse(b.due) || (a.post.id < b.post.id ? -1 : a.post.id > b.post.id ? 1 : 0),
  );
}

export function byDay(placed: readonly Placed[]): Map<string, Placed[]> {
  return group(placed, (item) => item.date);
}

export function byHour(placed: readonly Placed[]): Map<number, Placed[]> {
  return group(placed, (item) => item.hour);
}

function group<K>(placed: readonly Placed[], keyOf: (item: Placed) => K): Map<K, Placed[]> {
  const groups = new Map<K, Placed[]>();
  for (const item of placed) {
    const key = keyOf(item);
    const found = groups.get(key);
    if (found) found.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

/** What a cell with room for `room` lines shows: all, or one less and how many more there are. */
export function abridge<T>(items: readonly T[], room: number): { shown: readonly T[]; more: number } {
  if (items.length <= room) return { shown: items, more: 0 };
  const shown = items.slice(0, Math.max(0, room - 1));
  return { shown, more: items.length - shown.length };
}

const TO_COME: readonly PublicationState[] = ["draft", "scheduled", "preparing"];

/** The posts to come that share a minute with another on one of their channels. */
export function clashing(posts: readonly PostSummary[]): ReadonlySet<string> {
  const first = new Map<string, string>();
  const found = new Set<string>();
  for (const { id, due_at, publications } of posts) {
    if (!due_at) continue;
    const minute = Math.floor(Date.parse(due_at) / 60_000);
    for (const { channel_id, state } of publications) {
      if (!TO_COME.includes(state)) continue;
      const place = `${channel_id} ${minute}`;
      const other = first.get(place);
      if (other === undefined) first.set(place, id);
      else found.add(other).add(id);
    }
  }
  return found;
}

/** The days from today on without a post, though a later one of these has some. */
export function gaps(
  dates: readonly string[],
  days: ReadonlyMap<string, unknown>,
  today: string,
): ReadonlySet<string> {
  const last = dates.findLast((date) => days.has(date)) ?? "";
  return new Set(dates.filter((date) => date >= today && date < last && !days.has(date)));
}

export interface Filter {
  channels: readonly string[];
  states: readonly PublicationState[];
}

/** Whether a post is asked for: on one of the channels, and in one of the states there (or as a whole). */
export function matches(post: PostSummary, { channels, states }: Filter): boolean {
  const here =
    channels.length === 0
      ? post.publications
      : post.publications.filter((publication) => channels.includes(publication.channel_id));
  if (channels.length > 0 && here.length === 0) return false;
  if (states.length === 0) return true;
  return (
    here.some(({ state }) => states.includes(state)) || (channels.length === 0 && states.includes(post.state))
  );
}
