import type { Written } from "./model";

export type MergeField = "channels" | "due_at" | "time_zone" | "parts" | "variants" | "repeat";

export interface Merged {
  input: Written;
  /** Where both sides changed the same thing differently; `input` has mine there. */
  conflicts: MergeField[];
}

const same = (a: unknown, b: unknown) => canonical(a) === canonical(b);

/** JSON with sorted keys and without nulls, so that `{}`, `{a: null}` and key order do not count as changes. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, it: unknown) => {
    if (it === null) return undefined;
    if (typeof it !== "object" || Array.isArray(it)) return it;
    return Object.fromEntries(Object.entries(it as object).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** One value of three: whoever changed it wins; both differently is a conflict. */
function pick<T>(base: T, mine: T, theirs: T): { value: T; conflict: boolean } {
  if (same(mine, theirs) || same(base, theirs)) return { value: mine, conflict: false };
  if (same(base, mine)) return { value: theirs, conflict: false };
  return { value: mine, conflict: true };
}

type Parts = Written["parts"];

/** Words mean nothing without the way they are written. */
const said = ({ text, format }: Parts[number]) => ({ text, ...(format && { format }) });

/** Parts one by one while their number is the same on all sides; else as a whole. */
function mergeParts(base: Parts, mine: Parts, theirs: Parts): { value: Parts; conflict: boolean } {
  const whole = pick(base, mine, theirs);
  if (!whole.conflict || base.length !== mine.length || base.length !== theirs.length) return whole;
  let conflict = false;
  const value = mine.map((part, index) => {
    const [from, other] = [base[index], theirs[index]];
    if (!from || !other) return part;
    const text = pick(said(from), said(part), said(other));
    const media = pick(from.media, part.media, other.media);
    const delay = pick(from.delay_minutes, part.delay_minutes, other.delay_minutes);
    conflict ||= text.conflict || media.conflict || delay.conflict;
    return {
      ...text.value,
      media: media.value,
      ...(delay.value !== undefined && { delay_minutes: delay.value }),
    };
  });
  return { value, conflict };
}

/**
 * Three-way merge of what was written here and elsewhere since `base`. Time and zone go together, since one means
 * nothing without the other.
 */
export function mergeInputs(base: Written, mine: Written, theirs: Written): Merged {
  const conflicts: MergeField[] = [];
  const settle = <T>(field: MergeField, result: { value: T; conflict: boolean }): T => {
    if (result.conflict && !conflicts.includes(field)) conflicts.push(field);
    return result.value;
  };
  const when = (input: Written) => ({ due_at: input.due_at ?? null, time_zone: input.time_zone });
  const time = settle("due_at", pick(when(base), when(mine), when(theirs)));
  const channels = settle("channels", pick(base.channels, mine.channels, theirs.channels));
  const parts = settle("parts", mergeParts(base.parts, mine.parts, theirs.parts));
  const repeat = settle("repeat", pick(base.repeat ?? null, mine.repeat ?? null, theirs.repeat ?? null));
  const variants: Written["variants"] = {};
  const ids = new Set([
    ...Object.keys(base.variants),
    ...Object.keys(mine.variants),
    ...Object.keys(theirs.variants),
  ]);
  for (const id of ids) {
    const value = settle("variants", pick(base.variants[id], mine.variants[id], theirs.variants[id]));
    if (value) variants[id] = value;
  }
  const { due_at, repeat: _mine, ...rest } = { ...mine, ...time, channels, parts, variants };
  return { input: { ...rest, ...(due_at && { due_at }), ...(repeat && { repeat }) }, conflicts };
}
