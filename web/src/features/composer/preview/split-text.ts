export interface Run {
  at: number;
  text: string;
  marked: boolean;
}

const TAG_OR_MENTION = /(?<![\p{L}\p{N}_/@#&.])[#@][\p{L}\p{N}_][\p{L}\p{N}_.-]*(?:@[\p{L}\p{N}.-]+)?/gu;

/** Cuts a text into plain runs and marked ones. What a link covers is not looked into. */
export function splitText(text: string, links: string[]): Run[] {
  const marks: [number, number][] = [];
  let from = 0;
  for (const link of links) {
    const start = link ? text.indexOf(link, from) : -1;
    if (start < 0) continue;
    from = start + link.length;
    marks.push([start, from]);
  }
  const inLink = (start: number, end: number) => marks.some(([a, b]) => start < b && end > a);
  for (const found of text.matchAll(TAG_OR_MENTION)) {
    const word = found[0].replace(/[.-]+$/, "");
    const end = found.index + word.length;
    if (word.length > 1 && !inLink(found.index, end)) marks.push([found.index, end]);
  }
  marks.sort((a, b) => a[0] - b[0]);
  const runs: Run[] = [];
  let at = 0;
  for (const [start, end] of marks) {
    if (start > at) runs.push({ at, text: text.slice(at, start), marked: false });
    runs.push({ at: start, text: text.slice(start, end), marked: true });
    at = end;
  }
  if (at < text.length) runs.push({ at, text: text.slice(at), marked: false });
  return runs;
}
