import type { Formatting } from "@/api/types";
import type { Marking } from "./marking";

const NEEDS: Record<Marking, (formatting: Formatting) => boolean> = {
  bold: ({ marks }) => marks.includes("bold"),
  italic: ({ marks }) => marks.includes("italic"),
  strike: ({ marks }) => marks.includes("strike"),
  code: ({ marks }) => marks.includes("code"),
  link: ({ links }) => links,
  heading: ({ headings }) => headings,
  bullets: ({ lists }) => lists,
  numbers: ({ lists }) => lists,
  quote: ({ quotes }) => quotes,
};

export const MARKINGS = Object.keys(NEEDS) as Marking[];

/** What any of the networks shows; all of it while there is none. */
export function markingsOf(formattings: readonly Formatting[]): Marking[] {
  if (formattings.length === 0) return MARKINGS;
  return MARKINGS.filter((marking) => formattings.some(NEEDS[marking]));
}
