import type { BulkAction, BulkOutcome } from "@/api/types";

export interface Undo {
  ids: string[];
  action: BulkAction;
}

/** What takes an action back, as far as that can be: deleting can't, and no post goes back to a time that is over. */
export function undoOf(action: BulkAction, outcomes: readonly BulkOutcome[], now: number): Undo | null {
  const done = outcomes.filter(({ refused }) => !refused);
  if (done.length === 0) return null;
  switch (action.kind) {
    case "pause":
      return { ids: done.map(({ id }) => id), action: { kind: "resume" } };
    case "resume":
      return { ids: done.map(({ id }) => id), action: { kind: "pause" } };
    case "delete":
      return null;
    default: {
      const before = done.flatMap(({ id, was_due_at }) =>
        was_due_at && Date.parse(was_due_at) > now ? [[id, was_due_at] as const] : [],
      );
      if (before.length === 0) return null;
      return {
        ids: before.map(([id]) => id),
        action: { kind: "move_each", due_at: Object.fromEntries(before) },
      };
    }
  }
}

/** The posts that were left as they are, by why. */
export function refusals(outcomes: readonly BulkOutcome[]): { title: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const { refused } of outcomes) {
    if (refused) counts.set(refused.title, (counts.get(refused.title) ?? 0) + 1);
  }
  return [...counts].map(([title, count]) => ({ title, count }));
}
