import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Problem } from "@/api/problem";
import type { Post } from "@/api/types";
import { Autosave, type SaveState, type Transport } from "./autosave";
import type { Written } from "./model";

const written = (text: string, state: Written["state"] = "draft"): Written => ({
  state,
  time_zone: "UTC",
  channels: ["a"],
  parts: [{ text, media: [] }],
  variants: {},
});
const post = (version: number): Post => ({ id: "p", version }) as Post;
const refuse = (status: number, code = "x") => Promise.reject(new Problem({ status, code }));

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setup({ automatic = true, from }: { automatic?: boolean; from?: Written } = {}) {
  let version = from ? 3 : 0;
  const create = vi.fn<Transport["create"]>(() => {
    version += 1;
    return Promise.resolve(post(version));
  });
  const update = vi.fn<Transport["update"]>(() => {
    version += 1;
    return Promise.resolve(post(version));
  });
  const states: SaveState[] = [];
  const onCreated = vi.fn();
  let keys = 0;
  const autosave = new Autosave({
    transport: { create, update },
    newIdempotencyKey: () => {
      keys += 1;
      return `key-${keys}`;
    },
    automatic,
    from: from && { post: { id: "p", version: 3 }, input: from },
    onState: (state) => states.push(state),
    onCreated,
    delay: 1000,
  });
  return { autosave, create, update, states, onCreated };
}

describe("a draft", () => {
  test("is created a moment after the typing stops, once", async () => {
    const { autosave, create, update, onCreated } = setup();
    autosave.changed(written("a"));
    await vi.advanceTimersByTimeAsync(600);
    autosave.changed(written("ab"));
    await vi.advanceTimersByTimeAsync(600);
    expect(create).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(400);
    expect(create).toHaveBeenCalledExactlyOnceWith(written("ab"), "key-1");
    expect(onCreated).toHaveBeenCalledOnce();
    expect(update).not.toHaveBeenCalled();
    expect(autosave.current).toMatchObject({ phase: "saved", post: { id: "p", version: 1 } });
    expect(autosave.unsaved).toBe(false);
  });

  test("that is blank is not worth one on the server", async () => {
    const { autosave, create } = setup();
    autosave.changed(written("  "));
    await vi.advanceTimersByTimeAsync(5000);
    expect(create).not.toHaveBeenCalled();
    expect(autosave.unsaved).toBe(false);
  });

  test("is saved in the end although the typing never stops", async () => {
    const { autosave, create } = setup();
    for (let index = 0; index < 25; index += 1) {
      autosave.changed(written(`text ${index}`));
      await vi.advanceTimersByTimeAsync(500);
    }
    expect(create).toHaveBeenCalled();
  });

  test("is saved with the version it was read at, one request at a time", async () => {
    const { autosave, update } = setup({ from: written("old") });
    autosave.changed(written("new"));
    await vi.advanceTimersByTimeAsync(1000);
    expect(update).toHaveBeenCalledExactlyOnceWith("p", 3, written("new"));
    autosave.changed(written("newer"));
    await vi.advanceTimersByTimeAsync(1000);
    expect(update).toHaveBeenLastCalledWith("p", 4, written("newer"));
  });

  test("what was typed while a save was under way is saved after it", async () => {
    const { autosave, update } = setup({ from: written("old") });
    let answer: (post: Post) => void = () => undefined;
    update.mockImplementationOnce(
      () =>
        new Promise((done) => {
          answer = done;
        }),
    );
    autosave.changed(written("one"));
    await vi.advanceTimersByTimeAsync(1000);
    autosave.changed(written("two"));
    await vi.advanceTimersByTimeAsync(5000);
    expect(update).toHaveBeenCalledTimes(1);
    answer(post(4));
    await vi.advanceTimersByTimeAsync(1000);
    expect(update).toHaveBeenLastCalledWith("p", 4, written("two"));
  });

  test("taken back to what the server has is not saved", async () => {
    const { autosave, update } = setup({ from: written("old") });
    autosave.changed(written("new"));
    autosave.changed(written("old"));
    await vi.advanceTimersByTimeAsync(5000);
    expect(update).not.toHaveBeenCalled();
  });
});

describe("failures", () => {
  test("a create whose answer was lost is repeated word for word under its key", async () => {
    const { autosave, create, update } = setup();
    create.mockImplementationOnce(() => refuse(0));
    autosave.changed(written("a"));
    await vi.advanceTimersByTimeAsync(1000);
    expect(autosave.current.phase).toBe("failed");
    autosave.changed(written("ab"));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(create.mock.calls).toEqual([
      [written("a"), "key-1"],
      [written("a"), "key-1"],
    ]);
    expect(update).toHaveBeenCalledWith("p", 1, written("ab"));
    expect(autosave.current.phase).toBe("saved");
  });

  test("a refused create gets a new key, and waits for a change", async () => {
    const { autosave, create } = setup();
    create.mockImplementationOnce(() => refuse(422));
    autosave.changed(written("a"));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(create).toHaveBeenCalledTimes(1);
    autosave.changed(written("ab"));
    await vi.advanceTimersByTimeAsync(1000);
    expect(create).toHaveBeenLastCalledWith(written("ab"), "key-2");
  });

  test("the server's wish to wait is kept", async () => {
    const { autosave, update } = setup({ from: written("old") });
    update.mockImplementationOnce(() =>
      Promise.reject(new Problem({ status: 429, code: "rate.limited" }, 30)),
    );
    autosave.changed(written("new"));
    await vi.advanceTimersByTimeAsync(30_500);
    expect(update).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1000);
    expect(update).toHaveBeenCalledTimes(2);
  });

  test.each([
    [412, "post.changed"],
    [409, "version.stale"],
  ])("somebody else's change (%i) stops saving until it is settled", async (status, code) => {
    const { autosave, update } = setup({ from: written("old") });
    update.mockImplementationOnce(() => refuse(status, code));
    autosave.changed(written("mine"));
    await vi.advanceTimersByTimeAsync(1000);
    expect(autosave.current.phase).toBe("conflict");
    autosave.changed(written("mine!"));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(update).toHaveBeenCalledTimes(1);
    autosave.rebase(7, written("theirs"), written("both"));
    await vi.advanceTimersByTimeAsync(1000);
    expect(update).toHaveBeenLastCalledWith("p", 7, written("both"));
  });

  test("a conflict of another kind is a failure", async () => {
    const { autosave, update } = setup({ from: written("old") });
    update.mockImplementationOnce(() => refuse(409, "post.sending"));
    autosave.changed(written("mine"));
    await vi.advanceTimersByTimeAsync(1000);
    expect(autosave.current.phase).toBe("failed");
  });

  test("a post deleted elsewhere becomes a new one with the next change", async () => {
    const { autosave, update, create } = setup({ from: written("old") });
    update.mockImplementationOnce(() => refuse(404));
    autosave.changed(written("mine"));
    await vi.advanceTimersByTimeAsync(1000);
    expect(autosave.current).toMatchObject({ phase: "failed", post: null });
    autosave.changed(written("mine!"));
    await vi.advanceTimersByTimeAsync(1000);
    expect(create).toHaveBeenCalledWith(written("mine!"), "key-1");
  });
});

describe("a scheduled post", () => {
  test("is saved only when asked", async () => {
    const { autosave, update } = setup({ automatic: false, from: written("old", "scheduled") });
    autosave.changed(written("half a sen", "scheduled"));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(update).not.toHaveBeenCalled();
    expect(autosave.unsaved).toBe(true);
    await autosave.submit(written("half a sentence", "scheduled"));
    expect(update).toHaveBeenCalledExactlyOnceWith("p", 3, written("half a sentence", "scheduled"));
  });
});

describe("sending", () => {
  test("makes a draft first, so that a lost answer cannot have published anything", async () => {
    const { autosave, create, update } = setup();
    autosave.changed(written("go"));
    await autosave.submit(written("go", "now"));
    expect(create).toHaveBeenCalledExactlyOnceWith(written("go"), "key-1");
    expect(update).toHaveBeenCalledExactlyOnceWith("p", 1, written("go", "now"));
  });

  test("is never repeated by itself; what follows is the draft again", async () => {
    const { autosave, update } = setup({ from: written("old") });
    autosave.changed(written("go"));
    await vi.advanceTimersByTimeAsync(1000);
    update.mockImplementationOnce(() => refuse(503));
    await expect(autosave.submit(written("go", "now"))).rejects.toMatchObject({ status: 503 });
    await vi.advanceTimersByTimeAsync(300_000);
    expect(update.mock.calls.filter(([, , input]) => input.state === "now")).toHaveLength(1);
  });

  test("waits for the save under way and uses its version", async () => {
    const { autosave, update } = setup({ from: written("old") });
    autosave.changed(written("new"));
    const saving = autosave.flush();
    const sent = autosave.submit(written("new", "scheduled"));
    await Promise.all([saving, sent]);
    expect(update.mock.calls.map(([, version, input]) => [version, input.state])).toEqual([
      [3, "draft"],
      [4, "scheduled"],
    ]);
  });

  test("what is typed while it is sent does not turn it back into a draft", async () => {
    const { autosave, update } = setup({ from: written("old") });
    const sent = autosave.submit(written("go", "scheduled"));
    autosave.changed(written("go!"));
    await sent;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(update).toHaveBeenCalledTimes(1);
  });
});

describe("leaving", () => {
  test("nothing more is saved by itself or told, and a flush still saves", async () => {
    const { autosave, update, states } = setup({ from: written("old") });
    autosave.changed(written("new"));
    const told = states.length;
    const flushed = autosave.flush();
    autosave.stop();
    await flushed;
    expect(update).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(update).toHaveBeenCalledTimes(1);
    expect(states.length).toBeLessThanOrEqual(told + 1);
  });

  test("an abandoned post is left alone", async () => {
    const { autosave, update } = setup({ from: written("old") });
    autosave.changed(written("new"));
    await autosave.abandon();
    await autosave.flush();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(update).not.toHaveBeenCalled();
    expect(autosave.unsaved).toBe(false);
    expect(autosave.over).toBe(true);
  });
});
