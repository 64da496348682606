import type { Format, Post, PostInput, PublicationState } from "@/api/types";
import { instantOf, type WallTime, wallOf } from "@/app/zoned";

/* What is being written, and how it changes. No I/O here. */

export interface WrittenPart {
  text: string;
  /** Plain where it is left out. */
  format?: Format;
  media: { id: string; alt?: string }[];
  delay_minutes?: number;
}

export interface WrittenVariant {
  parts?: WrittenPart[];
  settings?: Record<string, unknown>;
  plugs?: Following[];
}

/** What a channel does with the post some time after it is out on another, or on itself. */
export interface Following {
  act: "repost" | "comment";
  by: string;
  after_minutes: number;
  /** What a comment says. */
  text?: string;
}

/** The server's input for a post, with all spelled out that may be left out of it. */
export interface Written {
  state: PostInput["state"];
  due_at?: string;
  time_zone: string;
  channels: string[];
  parts: WrittenPart[];
  variants: Record<string, WrittenVariant>;
  repeat?: Repeat;
}

/** How a post repeats: a recurrence rule (RFC 5545), and days on which it does not go out. */
export interface Repeat {
  rule: string;
  except: string[];
}

/** As the server's description has it; that knows no names of settings. */
export const asInput = (written: Written): PostInput => written as PostInput;

/** A picture or video in a part; `id` is null until its upload is done. `key` finds the upload. */
export interface MediaItem {
  key: string;
  id: string | null;
  alt: string;
}

export interface Part {
  key: string;
  text: string;
  format: Format;
  media: MediaItem[];
  delay: number;
}

export interface Variant {
  /** null: this channel gets the Global parts. */
  parts: Part[] | null;
  settings: Record<string, unknown>;
  /** What follows it on this channel; none where nothing was ever chosen. */
  plugs?: Following[];
}

export interface Draft {
  channels: string[];
  parts: Part[];
  variants: Record<string, Variant>;
  due: WallTime | null;
  zone: string;
  repeat: Repeat | null;
}

/** The Global content, or a channel's own. */
export type Scope = "global" | (string & {});
export const GLOBAL = "global";

let lastKey = 0;
export function newKey(): string {
  lastKey += 1;
  return `k${lastKey}`;
}

export function emptyPart(format: Format = "plain"): Part {
  return { key: newKey(), text: "", format, media: [], delay: 0 };
}

export function emptyDraft(zone: string, channels: string[] = [], due: WallTime | null = null): Draft {
  return { channels, parts: [emptyPart()], variants: {}, due, zone, repeat: null };
}

export function partsOf(draft: Draft, scope: Scope): Part[] {
  return (scope === GLOBAL ? null : draft.variants[scope]?.parts) ?? draft.parts;
}

export function isCustomised(draft: Draft, channel: string): boolean {
  return (draft.variants[channel]?.parts ?? null) !== null;
}

export type Action =
  | { type: "replace"; draft: Draft }
  | { type: "channel"; channel: string; on: boolean }
  | { type: "channels"; channels: string[] }
  | { type: "text"; scope: Scope; part: string; text: string }
  | { type: "format"; scope: Scope; part: string; format: Format }
  | { type: "delay"; scope: Scope; part: string; minutes: number }
  | { type: "addPart"; scope: Scope; after: string }
  | { type: "removePart"; scope: Scope; part: string }
  | { type: "movePart"; scope: Scope; part: string; to: number }
  | { type: "addMedia"; scope: Scope; part: string; items: MediaItem[] }
  | { type: "removeMedia"; scope: Scope; part: string; media: string }
  | { type: "moveMedia"; scope: Scope; part: string; media: string; to: number }
  | { type: "alt"; scope: Scope; part: string; media: string; alt: string }
  | { type: "uploaded"; media: string; id: string; alt: string }
  | { type: "customise"; channel: string }
  | { type: "reset"; channel: string }
  | { type: "setting"; channel: string; name: string; value: unknown }
  | { type: "plugs"; channel: string; plugs: Following[] }
  | { type: "due"; due: WallTime | null }
  | { type: "zone"; zone: string }
  | { type: "repeat"; repeat: Repeat | null };

export function reduce(draft: Draft, action: Action): Draft {
  switch (action.type) {
    case "replace":
      return action.draft;
    case "channel": {
      const without = draft.channels.filter((id) => id !== action.channel);
      return { ...draft, channels: action.on ? [...without, action.channel] : without };
    }
    case "channels":
      return { ...draft, channels: action.channels };
    case "text":
      return changePart(draft, action, (part) => ({ ...part, text: action.text }));
    case "format":
      return changePart(draft, action, (part) => ({ ...part, format: action.format }));
    case "delay":
      return changePart(draft, action, (part) => ({ ...part, delay: action.minutes }));
    case "addPart":
      return changeParts(draft, action.scope, (parts) => {
        const at = parts.findIndex((part) => part.key === action.after) + 1;
        // It goes on as what it follows is written.
        return [...parts.slice(0, at), emptyPart(parts[at - 1]?.format), ...parts.slice(at)];
      });
    case "removePart":
      return changeParts(draft, action.scope, (parts) => {
        const left = parts.filter((part) => part.key !== action.part);
        return left.length > 0 ? left : [emptyPart()];
      });
    case "movePart":
      return changeParts(draft, action.scope, (parts) => {
        const from = parts.findIndex((part) => part.key === action.part);
        return moved(parts, from, action.to);
      });
    case "addMedia":
      return changePart(draft, action, (part) => ({ ...part, media: [...part.media, ...action.items] }));
    case "removeMedia":
      return changePart(draft, action, (part) => ({
        ...part,
        media: part.media.filter((item) => item.key !== action.media),
      }));
    case "moveMedia":
      return changePart(draft, action, (part) => {
        const from = part.media.findIndex((item) => item.key === action.media);
        return { ...part, media: moved(part.media, from, action.to) };
      });
    case "alt":
      return changePart(draft, action, (part) => ({
        ...part,
        media: part.media.map((item) => (item.key === action.media ? { ...item, alt: action.alt } : item)),
      }));
    case "uploaded":
      return everyPart(draft, (part) => ({
        ...part,
        media: part.media.map((item) =>
          item.key === action.media ? { ...item, id: action.id, alt: item.alt || action.alt } : item,
        ),
      }));
    case "customise": {
      if (isCustomised(draft, action.channel)) return draft;
      const parts = draft.parts.map(copyPart);
      return withVariant(draft, action.channel, (variant) => ({ ...variant, parts }));
    }
    case "reset":
      return withVariant(draft, action.channel, (variant) => ({ ...variant, parts: null }));
    case "setting":
      return withVariant(draft, action.channel, (variant) => {
        const settings = { ...variant.settings };
        if (action.value === undefined) delete settings[action.name];
        else settings[action.name] = action.value;
        return { ...variant, settings };
      });
    case "plugs":
      return withVariant(draft, action.channel, (variant) => ({ ...variant, plugs: action.plugs }));
    case "due":
      return { ...draft, due: action.due };
    case "zone":
      return { ...draft, zone: action.zone };
    case "repeat":
      return { ...draft, repeat: action.repeat };
  }
}

/** Media keep their key in a copy, so that an upload that is still running lands in both. */
function copyPart(part: Part): Part {
  return { ...part, key: newKey(), media: part.media.map((item) => ({ ...item })) };
}

function moved<T>(items: T[], from: number, to: number): T[] {
  const item = items[from];
  if (item === undefined || to < 0 || to >= items.length) return items;
  const left = items.filter((_, index) => index !== from);
  return [...left.slice(0, to), item, ...left.slice(to)];
}

function withVariant(draft: Draft, channel: string, change: (variant: Variant) => Variant): Draft {
  const before = draft.variants[channel] ?? { parts: null, settings: {} };
  return { ...draft, variants: { ...draft.variants, [channel]: change(before) } };
}

function changeParts(draft: Draft, scope: Scope, change: (parts: Part[]) => Part[]): Draft {
  if (scope === GLOBAL) return { ...draft, parts: change(draft.parts) };
  return withVariant(draft, scope, (variant) => ({
    ...variant,
    parts: change(variant.parts ?? draft.parts.map(copyPart)),
  }));
}

function changePart(draft: Draft, at: { scope: Scope; part: string }, change: (part: Part) => Part): Draft {
  return changeParts(draft, at.scope, (parts) =>
    parts.map((part) => (part.key === at.part ? change(part) : part)),
  );
}

function everyPart(draft: Draft, change: (part: Part) => Part): Draft {
  const variants = Object.fromEntries(
    Object.entries(draft.variants).map(([id, variant]) => [
      id,
      { ...variant, parts: variant.parts?.map(change) ?? null },
    ]),
  );
  return { ...draft, parts: draft.parts.map(change), variants };
}

/* ---- to and from the server's shape ---- */

/** Uploads that are not done are left out: they are not the server's to know yet. */
export function inputOf(draft: Draft, state: Written["state"]): Written {
  const variants: Record<string, WrittenVariant> = {};
  for (const channel of draft.channels) {
    const variant = draft.variants[channel];
    if (!variant) continue;
    const settings = Object.keys(variant.settings).length > 0 ? variant.settings : undefined;
    const plugs = variant.plugs?.length ? variant.plugs.map(followingInput) : undefined;
    const written = {
      ...(variant.parts && { parts: partInputs(variant.parts) }),
      ...(settings && { settings }),
      ...(plugs && { plugs }),
    };
    if (Object.keys(written).length > 0) variants[channel] = written;
  }
  return {
    state,
    ...(draft.due && isTimed(state) && { due_at: instantOf(draft.due, draft.zone).iso }),
    time_zone: draft.zone,
    channels: draft.channels,
    parts: partInputs(draft.parts),
    variants,
    ...(draft.repeat && isTimed(state) && { repeat: draft.repeat }),
  };
}

/** A repost says nothing, whatever was typed before it was one. */
function followingInput({ act, by, after_minutes, text }: Following): Following {
  return { act, by, after_minutes, ...(act === "comment" && { text: text ?? "" }) };
}

const isTimed = (state: Written["state"]) => state === "scheduled" || state === "draft";

/** The first part waits for nothing, though it may have come from further down. */
function partInputs(parts: Part[]): WrittenPart[] {
  return parts.map((part, index) => partInput(index === 0 ? { ...part, delay: 0 } : part));
}

function partInput(part: Part): WrittenPart {
  return {
    text: part.text,
    ...(part.format !== "plain" && { format: part.format }),
    media: part.media.flatMap((item) =>
      item.id ? [{ id: item.id, ...(item.alt && { alt: item.alt }) }] : [],
    ),
    ...(part.delay > 0 && { delay_minutes: part.delay }),
  };
}

function partFrom(part: GivenPart): Part {
  return {
    key: newKey(),
    text: part.text,
    format: part.format ?? "plain",
    media: (part.media ?? []).map((item) => ({ key: newKey(), id: item.id, alt: item.alt ?? "" })),
    delay: part.delay_minutes ?? 0,
  };
}

type GivenPart = PostInput["parts"][number];

/** A post, or what was written of one. */
interface Given {
  channels: string[];
  parts: GivenPart[];
  variants?: Record<
    string,
    { parts?: GivenPart[] | null; settings?: Record<string, unknown>; plugs?: Following[] }
  >;
  due_at?: string | null;
  time_zone?: string | null;
  repeat?: Repeat | null;
}

export function draftFrom(input: Given, zone: string): Draft {
  const own = input.time_zone || zone;
  const parts = input.parts.map(partFrom);
  return {
    channels: input.channels,
    parts: parts.length > 0 ? parts : [emptyPart()],
    variants: Object.fromEntries(
      Object.entries(input.variants ?? {}).map(([id, variant]) => [
        id,
        {
          parts: variant.parts?.map(partFrom) ?? null,
          settings: variant.settings ?? {},
          ...(variant.plugs?.length && { plugs: variant.plugs.map(followingInput) }),
        },
      ]),
    ),
    due: input.due_at ? wallOf(input.due_at, own) : null,
    zone: own,
    repeat: input.repeat ?? null,
  };
}

/** A post as the input that would have made it. */
export function inputOfPost(post: Post): Written {
  return inputOf(draftFrom(post, post.time_zone), post.state === "draft" ? "draft" : "scheduled");
}

/** Every file of the draft, each once, Global and tailored. */
export function mediaKeys(draft: Draft): Set<string> {
  const parts = [draft.parts, ...Object.values(draft.variants).map((variant) => variant.parts ?? [])].flat();
  return new Set(parts.flatMap((part) => part.media.map((item) => item.key)));
}

/** Whether going back to the Global text would lose words or files of this channel's own. */
export function losesText(draft: Draft, channel: string): boolean {
  const own = draft.variants[channel]?.parts;
  if (!own) return false;
  const says = (parts: Part[]) => JSON.stringify(partInputs(parts));
  return (
    says(own) !== says(draft.parts) && own.some((part) => part.text.trim() !== "" || part.media.length > 0)
  );
}

/** Nothing written yet: not worth a draft on the server. */
export function isBlank(input: Written): boolean {
  const blank = (parts: WrittenPart[]) => parts.every((part) => !part.text.trim() && part.media.length === 0);
  return blank(input.parts) && Object.values(input.variants).every((variant) => blank(variant.parts ?? []));
}

const OPEN: readonly PublicationState[] = ["draft", "scheduled", "held", "failed", "cancelled"];

/** A post that a network has, or may have, is read only. */
export function isEditable(post: Pick<Post, "publications" | "state">): boolean {
  if (post.publications.length === 0) return OPEN.includes(post.state);
  return post.publications.every((publication) => OPEN.includes(publication.state));
}

/** A copy with fresh keys, for a draft read back from storage whose keys another page may have given out as well. */
export function withFreshKeys(draft: Draft): Draft {
  const media = (item: MediaItem) => ({ ...item, key: newKey() });
  const part = (it: Part): Part => ({
    ...it,
    // One that was kept before there were formats has none.
    format: it.format ?? "plain",
    key: newKey(),
    media: it.media.filter((item) => item.id).map(media),
  });
  return {
    ...draft,
    parts: draft.parts.map(part),
    variants: Object.fromEntries(
      Object.entries(draft.variants).map(([id, variant]) => [
        id,
        { ...variant, parts: variant.parts?.map(part) ?? null },
      ]),
    ),
  };
}
