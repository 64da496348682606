import { describe, expect, test } from "vitest";
import type { ChoiceView } from "@/api/types";
import { matching, tick, tickAll, tickedAtFirst } from "./choices";

const choice = (id: string, name: string, unusable: string | null = null): ChoiceView => ({
  id,
  name,
  handle: `${id}_handle`,
  kind: "Page",
  profile_url: null,
  has_picture: false,
  unusable,
  channel_id: null,
});

const bakery = choice("bakery", "The Bakery");
const garden = choice("garden", "The Garden");
const closed = choice("closed", "Closed", "It was not granted.");
const all = [bakery, garden, closed];

describe("search", () => {
  test("takes every word, in any case, of name and handle", () => {
    expect(matching(all, "the BAK")).toEqual([bakery]);
    expect(matching(all, "@garden_handle")).toEqual([garden]);
    expect(matching(all, " ")).toEqual(all);
    expect(matching(all, "the nobody")).toEqual([]);
  });
});

describe("ticking", () => {
  test("all ticks what can be used and is shown, and a second time unticks it", () => {
    const ticked = tickAll(new Set(), all);
    expect([...ticked]).toEqual(["bakery", "garden"]);
    expect([...tickAll(ticked, all)]).toEqual([]);
    // What the search hides is left alone.
    expect([...tickAll(new Set(["garden"]), [bakery])]).toEqual(["garden", "bakery"]);
    expect([...tickAll(ticked, [bakery])]).toEqual(["garden"]);
  });

  test("the only one that can be used is ticked at first, and no other", () => {
    expect([...tickedAtFirst([bakery, closed])]).toEqual(["bakery"]);
    expect([...tickedAtFirst(all)]).toEqual([]);
    expect([...tickedAtFirst([closed])]).toEqual([]);
  });

  test("one at a time", () => {
    const one = tick(new Set(), "bakery");
    expect([...tick(one, "garden")]).toEqual(["bakery", "garden"]);
    expect([...tick(one, "bakery")]).toEqual([]);
  });
});
