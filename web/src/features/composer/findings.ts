import type { Problem } from "@/api/problem";
import type { ChannelCheck, Finding, Fit, PostCheck } from "@/api/types";
import { GLOBAL, type Scope } from "./model";

/** Where in the composer a finding belongs. */
export interface Place {
  scope: Scope;
  part: number;
  field: "text" | "media" | "settings" | "plugs" | "channels" | "due";
  /** Which of the media, which setting, or which of what follows it. */
  item?: string;
}

const decode = (segment: string) => segment.replaceAll("~1", "/").replaceAll("~0", "~");

/** Reads a JSON pointer into the post (`/variants/<channel>/parts/1/media/0/alt`). Unknown ones lead to the text. */
export function placeOf(pointer: string): Place {
  let path = pointer.split("/").slice(1).map(decode);
  let scope: Scope = GLOBAL;
  if (path[0] === "variants" && path[1]) {
    scope = path[1];
    path = path.slice(2);
  }
  const [head, second, third, fourth] = path;
  if (head === "parts") {
    const part = Number.parseInt(second ?? "0", 10) || 0;
    return third === "media" ? { scope, part, field: "media", item: fourth } : { scope, part, field: "text" };
  }
  if (head === "settings" || head === "plugs") return { scope, part: 0, field: head, item: second };
  if (head === "channels") return { scope: GLOBAL, part: 0, field: "channels" };
  if (head === "due_at" || head === "time_zone" || head === "state")
    return { scope: GLOBAL, part: 0, field: "due" };
  return { scope, part: 0, field: "text" };
}

/** The id of the element a jump goes to. */
export function fieldId({ scope, part, field, item }: Place): string {
  if (field === "channels" || field === "due") return `compose-${field}`;
  if (field === "settings" || field === "plugs") return `compose-${scope}-${field}-${item ?? ""}`;
  return `compose-${scope}-${part}-${field}`;
}

export interface FindingGroup {
  /** null: about the post as a whole. */
  channel: string | null;
  findings: Finding[];
}

/** All findings by channel, errors first; the same finding said twice is shown once. */
export function groupFindings(check: PostCheck | undefined): FindingGroup[] {
  if (!check) return [];
  const groups = new Map<string | null, Map<string, Finding>>();
  const put = (channel: string | null, finding: Finding) => {
    const group = groups.get(channel) ?? new Map<string, Finding>();
    group.set(`${finding.pointer} ${finding.code} ${finding.message}`, finding);
    groups.set(channel, group);
  };
  for (const finding of check.problems) put(finding.channel_id ?? null, finding);
  for (const channel of check.channels)
    for (const finding of channel.problems) put(channel.channel_id, finding);
  return [...groups].map(([channel, findings]) => ({
    channel,
    findings: [...findings.values()].sort(
      (a, b) => Number(a.severity !== "error") - Number(b.severity !== "error"),
    ),
  }));
}

/** Errors that a tab's mark counts: a channel's own, or for Global those of no single channel. */
export function errorCount(groups: FindingGroup[], channel: string | null): number {
  const group = groups.find((it) => it.channel === channel);
  return group?.findings.filter((finding) => finding.severity === "error").length ?? 0;
}

/** What becomes of a file on a channel. */
export interface ChannelFit {
  channel: string;
  name: string;
  fit: Fit;
}

/** What becomes of the nth stored file of a part, on each of these channels that was checked. */
export function fitsOf(
  check: PostCheck | undefined,
  part: number,
  stored: number,
  channels: string[],
  name: (channel: string) => string,
): ChannelFit[] {
  return (check?.channels ?? []).flatMap(({ channel_id: channel, parts }) => {
    const fit = channels.includes(channel) ? parts[part]?.files[stored] : undefined;
    return fit ? [{ channel, name: name(channel), fit }] : [];
  });
}

export interface Counter {
  used: number;
  max: number;
  left: number;
  unit: ChannelCheck["parts"][number]["unit"];
  channel: string;
  state: "ok" | "near" | "over";
}

/** The channel with the least room left for a part, among those given. */
export function tightest(check: PostCheck | undefined, part: number, channels: string[]): Counter | null {
  let found: Counter | null = null;
  for (const channel of check?.channels ?? []) {
    const count = channels.includes(channel.channel_id) ? channel.parts[part] : undefined;
    if (!count) continue;
    const left = count.max - count.used;
    if (found && found.left <= left) continue;
    const near = left <= Math.max(10, Math.round(count.max * 0.1));
    found = {
      used: count.used,
      max: count.max,
      left,
      unit: count.unit,
      channel: channel.channel_id,
      state: left < 0 ? "over" : near ? "near" : "ok",
    };
  }
  return found;
}

/** A refused save, said on the fields it names. */
export function findingsOf(problem: Problem): Finding[] {
  return problem.errors.map(({ pointer, code, message, fix }) => {
    const { scope } = placeOf(pointer);
    return {
      pointer,
      code,
      message,
      fix: fix ?? "",
      severity: "error",
      channel_id: scope === GLOBAL ? null : scope,
    };
  });
}

/** The check's findings and those of a refused save, as one. */
export function withRefused(check: PostCheck | undefined, refused: Finding[]): PostCheck | undefined {
  if (refused.length === 0) return check;
  const base = check ?? { ok: false, channels: [], problems: [], occurrences: [] };
  const known = new Set(base.channels.flatMap((channel) => channel.problems).map(sameness));
  return {
    ...base,
    ok: false,
    problems: [...base.problems, ...refused.filter((it) => !known.has(sameness(it)))],
  };
}

const sameness = (finding: Finding) => `${finding.pointer} ${finding.code}`;

/** The findings about one field of the form, to be said on it. */
export function findingsAt(groups: FindingGroup[], place: Place): Finding[] {
  return groups
    .flatMap((group) => group.findings)
    .filter((finding) => {
      const at = placeOf(finding.pointer);
      return (
        at.scope === place.scope &&
        at.part === place.part &&
        at.field === place.field &&
        (place.item === undefined || at.item === place.item)
      );
    });
}

/** The groups without findings of these codes. */
export function without(groups: FindingGroup[], codes: string[]): FindingGroup[] {
  if (codes.length === 0) return groups;
  return groups.map((group) => ({
    ...group,
    findings: group.findings.filter((finding) => !codes.includes(finding.code)),
  }));
}
