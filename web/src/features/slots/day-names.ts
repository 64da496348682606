import { useMemo } from "react";
import type { Schemas } from "@/api/types";

export type SlotDay = Schemas["Day"];

/** The days as the server names them, Monday first. */
export const SLOT_DAYS: readonly SlotDay[] = [
  "monday",
  "tuesday",
  "wednesday",
  "thursday",
  "friday",
  "saturday",
  "sunday",
];

const RULE_DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"] as const;

/** What days are called, by both of their codes. */
export function useDayNames(length: "long" | "short") {
  return useMemo(() => {
    const format = new Intl.DateTimeFormat("en-GB", { weekday: length, timeZone: "UTC" });
    // The first of January 2024 was a Monday.
    const names = SLOT_DAYS.map((_, index) => format.format(Date.UTC(2024, 0, 1 + index)));
    const byCode = [...SLOT_DAYS, ...RULE_DAYS].map((code, index) => [code, names[index % 7] ?? ""]);
    return Object.fromEntries(byCode) as Record<SlotDay | (typeof RULE_DAYS)[number], string>;
  }, [length]);
}
