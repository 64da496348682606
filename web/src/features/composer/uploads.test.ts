import { describe, expect, test, vi } from "vitest";
import { Problem } from "@/api/problem";
import type { Media } from "@/api/types";
import { openUploads, type SendFile, Uploads } from "./uploads";

interface Sending {
  name: string;
  done: () => void;
  fail: (status: number) => void;
  progress: (share: number) => void;
  signal: AbortSignal;
}

function setup(lanes = 2) {
  const sending: Sending[] = [];
  const stored = vi.fn<(key: string, media: Media) => void>();
  const dropped: string[] = [];
  const send: SendFile = (file, progress, signal) =>
    new Promise<Media>((resolve, reject) => {
      sending.push({
        name: file.name,
        progress,
        signal,
        done: () => resolve({ id: `id-${file.name}`, name: file.name, alt: "" } as Media),
        fail: (status) => reject(new Problem({ status, code: "media.refused" })),
      });
      signal.addEventListener("abort", () => reject(new DOMException("stopped", "AbortError")));
    });
  const uploads = new Uploads({
    send,
    onStored: stored,
    lanes,
    previews: { make: (file) => `blob:${file.name}`, drop: (url) => void dropped.push(url) },
  });
  const file = (name: string, type = "image/png") => new File(["x"], name, { type });
  const state = (key: string | undefined) => uploads.snapshot().get(key ?? "")?.state;
  const settle = () => new Promise((done) => setTimeout(done, 0));
  return { uploads, sending, stored, dropped, file, state, settle };
}

describe("uploads", () => {
  test("go a few at once, in order, and say their progress", async () => {
    const { uploads, sending, stored, file, state, settle } = setup();
    const [a, b, c] = uploads.add([file("a"), file("b"), file("c")]);
    expect([state(a), state(b), state(c)]).toEqual(["sending", "sending", "waiting"]);
    sending[0]?.progress(0.5);
    expect(uploads.snapshot().get(a ?? "")?.progress).toBe(0.5);
    sending[0]?.done();
    await settle();
    expect([state(a), state(b), state(c)]).toEqual(["stored", "sending", "sending"]);
    expect(stored).toHaveBeenCalledWith(a, expect.objectContaining({ id: "id-a" }));
    expect(openUploads(uploads.snapshot())).toEqual({ going: 2, failed: 0 });
  });

  test("one that failed stays with its reason, and goes again when asked", async () => {
    const { uploads, sending, stored, file, state, settle } = setup();
    const [a] = uploads.add([file("a")]);
    sending[0]?.fail(413);
    await settle();
    expect(state(a)).toBe("failed");
    expect(uploads.snapshot().get(a ?? "")?.problem?.status).toBe(413);
    expect(openUploads(uploads.snapshot())).toEqual({ going: 0, failed: 1 });
    uploads.retry(a ?? "");
    expect(state(a)).toBe("sending");
    expect(uploads.snapshot().get(a ?? "")?.problem).toBeNull();
    sending[1]?.done();
    await settle();
    expect(stored).toHaveBeenCalledTimes(1);
  });

  test("one that is removed is stopped, makes room, and is never told", async () => {
    const { uploads, sending, stored, dropped, file, state, settle } = setup(1);
    const [a, b] = uploads.add([file("a"), file("b")]);
    uploads.keepOnly(new Set([b ?? ""]));
    expect(sending[0]?.signal.aborted).toBe(true);
    expect(dropped).toEqual(["blob:a"]);
    sending[0]?.done();
    await settle();
    expect(state(a)).toBeUndefined();
    expect(state(b)).toBe("sending");
    expect(stored).not.toHaveBeenCalled();
  });

  test("only pictures have a preview from this device", () => {
    const { uploads, file } = setup();
    const [a, b] = uploads.add([file("a"), file("b", "application/pdf")]);
    expect(uploads.snapshot().get(a ?? "")?.preview).toBe("blob:a");
    expect(uploads.snapshot().get(b ?? "")?.preview).toBeNull();
  });

  test("listeners hear every change until they leave", () => {
    const { uploads, sending, file } = setup();
    const heard = vi.fn();
    const leave = uploads.subscribe(heard);
    uploads.add([file("a")]);
    const before = heard.mock.calls.length;
    expect(before).toBeGreaterThan(0);
    leave();
    sending[0]?.progress(0.9);
    expect(heard).toHaveBeenCalledTimes(before);
  });
});
