import { expect, test } from "vitest";
import { mentionAt } from "./mention-at";

test("a mention begins with an @ of its own and ends at the caret", () => {
  expect(mentionAt("Hi @ad", 6)).toEqual({ from: 3, wanted: "ad" });
  expect(mentionAt("@ada@example.social", 19)).toEqual({ from: 0, wanted: "ada@example.social" });
  expect(mentionAt("one\n(@é and more", 7)).toEqual({ from: 5, wanted: "é" });
});

test("an address of mail, an @ alone and what is written already begin none", () => {
  expect(mentionAt("ada@example.org", 15)).toBeNull();
  expect(mentionAt("Hi @", 4)).toBeNull();
  expect(mentionAt("Hi @ada now", 11)).toBeNull();
  expect(mentionAt("<@123>", 6)).toBeNull();
});
