import { expect, it } from "vitest";
import type { BulkOutcome } from "@/api/types";
import { refusals, undoOf } from "./undo";

const NOW = Date.parse("2027-03-01T12:00:00Z");
const done = (id: string, was_due_at: string | null): BulkOutcome => ({
  id,
  was_due_at,
  due_at: was_due_at,
  refused: null,
});
const refused = (id: string, title: string): BulkOutcome => ({
  id,
  was_due_at: null,
  due_at: null,
  refused: { code: "x", title, fix: "y" },
});

it("takes a move back to the times there were, where they are still to come", () => {
  const outcomes = [
    done("a", "2027-03-02T09:00:00Z"),
    done("b", "2027-02-01T09:00:00Z"),
    refused("c", "Published"),
  ];
  expect(undoOf({ kind: "move_by", days: 1, minutes: 0 }, outcomes, NOW)).toEqual({
    ids: ["a"],
    action: { kind: "move_each", due_at: { a: "2027-03-02T09:00:00Z" } },
  });
  expect(undoOf({ kind: "move_to_day", day: "2027-03-09" }, outcomes.slice(1), NOW)).toBeNull();
});

it("takes pausing and resuming back, but no deleting", () => {
  const outcomes = [done("a", null), refused("b", "Published")];
  expect(undoOf({ kind: "pause" }, outcomes, NOW)).toEqual({ ids: ["a"], action: { kind: "resume" } });
  expect(undoOf({ kind: "resume" }, outcomes, NOW)).toEqual({ ids: ["a"], action: { kind: "pause" } });
  expect(undoOf({ kind: "delete" }, outcomes, NOW)).toBeNull();
});

it("counts what was left by why", () => {
  expect(refusals([refused("a", "Published"), done("b", null), refused("c", "Published")])).toEqual([
    { title: "Published", count: 2 },
  ]);
});
