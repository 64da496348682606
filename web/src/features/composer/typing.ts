/** A stretch of a text, what takes its place, and what is selected then. */
export interface Change {
  from: number;
  to: number;
  words: string;
  select: [from: number, to: number];
}

/** Writes into a field as if it were typed, so that it can be undone with the browser's own undo. */
export function typeInto(area: HTMLTextAreaElement, { from, to, words, select }: Change) {
  area.focus();
  area.setSelectionRange(from, to);
  const typed =
    words === "" ? document.execCommand("delete") : document.execCommand("insertText", false, words);
  if (!typed) {
    // A browser that types for nobody: without its undo, but not without the words.
    area.setRangeText(words, from, to);
    area.dispatchEvent(new InputEvent("input", { bubbles: true }));
  }
  area.setSelectionRange(...select);
}
