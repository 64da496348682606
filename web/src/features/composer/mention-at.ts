/** What is being typed of a mention: where it begins, and its letters. */
export interface Begun {
  from: number;
  wanted: string;
}

// An address of mail has letters before its @, a remote handle a second @ within.
const BEGUN = /(?:^|[\s(])@([\p{L}\p{N}_][^\s()<>]{0,59})$/u;

/** The mention that ends at the caret; none where there is none. */
export function mentionAt(text: string, caret: number): Begun | null {
  const wanted = BEGUN.exec(text.slice(0, caret))?.[1];
  return wanted === undefined ? null : { from: caret - wanted.length - 1, wanted };
}
