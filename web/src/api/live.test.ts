import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { keys } from "./keys";
import { KINDS, staleAfter, staleCollector } from "./live";

const WS = "w1";

describe("what an event makes stale", () => {
  it("renews lists and the post itself when a publication changes", () => {
    const stale = staleAfter(WS, { kind: "publication.changed", subject: "pub", data: { post_id: "p1" } });
    expect(stale).toContainEqual(keys.posts(WS));
    expect(stale).toContainEqual(keys.post(WS, "p1"));
    expect(stale).toContainEqual(keys.channels(WS));
  });

  it("takes the subject where the data name no post", () => {
    expect(staleAfter(WS, { kind: "post.saved", subject: "p2" })).toContainEqual(keys.post(WS, "p2"));
  });

  it("has an answer to every kind it listens to, and none to others", () => {
    for (const kind of KINDS) expect(staleAfter(WS, { kind, subject: "x" })).not.toEqual([]);
    expect(staleAfter(WS, { kind: "weather.changed" })).toEqual([]);
  });

  it("reaches the calendar's ranges, drafts and the first steps through the key of all posts", () => {
    const all = keys.posts(WS);
    for (const key of [keys.range(WS, "a", "b"), keys.drafts(WS), keys.anyPost(WS)]) {
      expect(key.slice(0, all.length)).toEqual(all);
    }
  });
});

describe("a burst of events", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("costs one refetch of each query", () => {
    const client = new QueryClient();
    const seen = vi.spyOn(client, "invalidateQueries").mockResolvedValue();
    const collector = staleCollector(client);
    for (let i = 0; i < 50; i += 1) collector.add(staleAfter(WS, { kind: "post.saved", subject: "p1" }));
    expect(seen).not.toHaveBeenCalled();
    vi.advanceTimersByTime(300);
    expect(seen.mock.calls.map(([filter]) => filter?.queryKey)).toEqual([
      keys.posts(WS),
      keys.post(WS, "p1"),
      keys.slots(WS),
      keys.evergreens(WS),
    ]);
    collector.add([keys.channels(WS)]);
    vi.advanceTimersByTime(300);
    expect(seen).toHaveBeenCalledTimes(5);
  });

  it("is forgotten when the page goes", () => {
    const client = new QueryClient();
    const seen = vi.spyOn(client, "invalidateQueries").mockResolvedValue();
    const collector = staleCollector(client);
    collector.add([keys.channels(WS)]);
    collector.stop();
    vi.advanceTimersByTime(1000);
    expect(seen).not.toHaveBeenCalled();
  });
});
