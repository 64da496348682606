import { expect, test } from "vitest";
import type { Channel, Network } from "@/api/types";
import { isAble } from "./able";

const on = (network: Partial<Network>, id: string, instance: string | null = null) => ({
  channel: { id, instance } as Channel,
  network: network as Network,
});
const abilities = (reposts: string | null, comments: string | null) =>
  ({ reposts, comments }) as Network["abilities"];

test("a channel follows those of its family as far as its network lets it", () => {
  const x = { family: "x", abilities: abilities("anyones", "own") };
  expect(isAble("repost", on(x, "a"), on(x, "b"))).toBe(true);
  expect(isAble("comment", on(x, "a"), on(x, "b"))).toBe(false);
  expect(isAble("comment", on(x, "a"), on(x, "a"))).toBe(true);
  const page = { family: "linkedin", abilities: abilities("anyones", "anyones") };
  expect(isAble("repost", on(page, "a"), on({ family: "linkedin" }, "b"))).toBe(true);
  expect(isAble("repost", on(page, "a"), on(x, "b"))).toBe(false);
  const mastodon = { family: "mastodon", abilities: abilities("same_server", "same_server") };
  expect(
    isAble("repost", on(mastodon, "a", "https://a.example"), on(mastodon, "b", "https://a.example")),
  ).toBe(true);
  expect(
    isAble("repost", on(mastodon, "a", "https://a.example"), on(mastodon, "b", "https://b.example")),
  ).toBe(false);
  expect(isAble("repost", on({ family: "x", abilities: abilities(null, null) }, "a"), on(x, "b"))).toBe(
    false,
  );
});
