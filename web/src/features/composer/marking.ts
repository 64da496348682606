/* Writing the marks of Markdown around or before what is selected. No I/O here. */

import type { Change } from "./typing";

export const WRAPS = { bold: "**", italic: "*", strike: "~~", code: "`" } as const;
export const PREFIXES = { heading: "## ", bullets: "- ", numbers: "1. ", quote: "> " } as const;

export type Wrap = keyof typeof WRAPS;
export type Prefix = keyof typeof PREFIXES;
export type Marking = Wrap | Prefix | "link";

/** A text, and what is selected of it. */
export interface Selected {
  text: string;
  from: number;
  to: number;
}

export function mark(selected: Selected, marking: Marking): Change {
  if (marking === "link") return link(selected);
  if (marking in WRAPS) return wrap(selected, WRAPS[marking as Wrap]);
  return prefix(selected, marking as Prefix);
}

/** Marks take no effect next to white space, so that stays outside. */
function trimmed({ text, from, to }: Selected): [from: number, to: number] {
  const words = text.slice(from, to);
  const start = from + words.length - words.trimStart().length;
  return start >= to ? [from, from] : [start, start + words.trim().length];
}

/** Puts a mark on both sides, or takes it away where it is. */
function wrap(selected: Selected, sign: string): Change {
  const { text } = selected;
  const [from, to] = trimmed(selected);
  const words = text.slice(from, to);
  const outside = text.slice(0, from).endsWith(sign) && text.slice(to).startsWith(sign);
  // One asterisk is part of two: italics are not what bold words have.
  const isDouble = sign === "*" && text.slice(0, from).endsWith("**") && !text.slice(0, from).endsWith("***");
  if (outside && !isDouble) {
    const start = from - sign.length;
    return { from: start, to: to + sign.length, words, select: [start, start + words.length] };
  }
  const start = from + sign.length;
  return { from, to, words: `${sign}${words}${sign}`, select: [start, start + words.length] };
}

function link(selected: Selected): Change {
  const [from, to] = trimmed(selected);
  const words = selected.text.slice(from, to);
  if (/^https?:\/\/\S+$/.test(words)) {
    return { from, to, words: `[](${words})`, select: [from + 1, from + 1] };
  }
  const address = from + words.length + 3;
  return { from, to, words: `[${words}](https://)`, select: [address, address + "https://".length] };
}

const ANY_PREFIX = /^(?:#{1,6} |[-*+] |\d+[.)] |> )/;

/** Puts a mark before each line that is selected, in place of another one, or takes it away where all have it. */
function prefix({ text, from, to }: Selected, kind: Prefix): Change {
  const start = text.lastIndexOf("\n", from - 1) + 1;
  const after = text.indexOf("\n", Math.max(from, to - 1));
  const end = after < 0 ? text.length : after;
  const lines = text.slice(start, end).split("\n");
  const signOf = (index: number) => (kind === "numbers" ? `${index + 1}. ` : PREFIXES[kind]);
  const marked = lines.every((line, index) => line.startsWith(signOf(index)));
  const words = lines
    .map((line, index) => (marked ? "" : signOf(index)) + line.replace(ANY_PREFIX, ""))
    .join("\n");
  const caret = start + words.length;
  return { from: start, to: end, words, select: from === to ? [caret, caret] : [start, caret] };
}
