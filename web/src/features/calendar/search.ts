import type { PublicationState } from "@/api/types";
import { isDate } from "@/app/zoned";

/* What the calendar shows, as the address says it. */

export const VIEWS = ["day", "week", "month", "list"] as const;
export type View = (typeof VIEWS)[number];

export const STATES: readonly PublicationState[] = [
  "draft",
  "scheduled",
  "preparing",
  "sending",
  "published",
  "held",
  "unconfirmed",
  "failed",
  "cancelled",
];

export interface CalendarSearch {
  view?: View;
  /** A day in what is shown: "2026-03-29". */
  date?: string;
  /** Ids of channels, separated by commas. */
  channel?: string;
  /** States, separated by commas. */
  state?: string;
}

/** Keeps what can be understood of an address, and drops the rest. */
export function calendarSearch(search: Record<string, unknown>): CalendarSearch {
  const view = VIEWS.find((name) => name === search.view);
  const date = isDate(search.date) ? search.date : undefined;
  const channel = joined(split(search.channel));
  const state = joined(split(search.state).filter((name) => STATES.includes(name as PublicationState)));
  return {
    ...(view && { view }),
    ...(date && { date }),
    ...(channel && { channel }),
    ...(state && { state }),
  };
}

export function split(value: unknown): string[] {
  if (typeof value !== "string") return [];
  return [...new Set(value.split(",").filter(Boolean))];
}

export function joined(values: readonly string[]): string | undefined {
  return values.length > 0 ? values.join(",") : undefined;
}
