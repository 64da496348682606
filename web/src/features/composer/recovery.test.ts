import { beforeEach, expect, test, vi } from "vitest";
import { emptyDraft } from "./model";
import { recovery } from "./recovery";

const kept = () => ({ draft: emptyDraft("UTC", ["a"]), base: null, at: "2026-01-01T00:00:00Z" });

beforeEach(() => {
  const items = new Map<string, string>();
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
  });
});

test("what was kept is read back for its workspace and post alone", () => {
  const it = kept();
  expect(recovery.keep("w", null, it)).toBe(true);
  expect(recovery.read("w", null)).toEqual(it);
  expect(recovery.read("w", "p")).toBeNull();
  expect(recovery.read("other", null)).toBeNull();
  recovery.forget("w", null);
  expect(recovery.read("w", null)).toBeNull();
});

test("what cannot be read is nothing", () => {
  localStorage.setItem("crier.compose.w.new", "{");
  expect(recovery.read("w", null)).toBeNull();
  localStorage.setItem("crier.compose.w.new", JSON.stringify({ draft: { parts: 1 } }));
  expect(recovery.read("w", null)).toBeNull();
});

test("a storage that is refused says so", () => {
  vi.stubGlobal("localStorage", undefined);
  expect(recovery.keep("w", null, kept())).toBe(false);
  expect(recovery.read("w", null)).toBeNull();
});
