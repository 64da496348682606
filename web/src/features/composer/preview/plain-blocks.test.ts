import { expect, test } from "vitest";
import { plainBlocks } from "./plain-blocks";

test("an empty line parts paragraphs and a line end is a break", () => {
  expect(plainBlocks("\nOne\ntwo\n \n\nThree\n")).toEqual([
    {
      type: "paragraph",
      content: [{ type: "text", text: "One" }, { type: "break" }, { type: "text", text: "two" }],
    },
    { type: "paragraph", content: [{ type: "text", text: "Three" }] },
  ]);
  expect(plainBlocks(" \n ")).toEqual([]);
});
