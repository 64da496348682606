import type { Block, Inline } from "@/api/types";

/** Words as they are typed, until the server has told how they are shown: an empty line parts paragraphs. */
export function plainBlocks(text: string): Block[] {
  const paragraphs = text.split(/\n\s*\n/).filter((paragraph) => paragraph.trim() !== "");
  return paragraphs.map((paragraph) => ({ type: "paragraph", content: lines(paragraph) }));
}

function lines(paragraph: string): Inline[] {
  const words = paragraph.replace(/^\n+|\s+$/g, "").split("\n");
  return words.flatMap((text, index): Inline[] => [
    ...(index > 0 ? [{ type: "break" } as const] : []),
    { type: "text", text },
  ]);
}
