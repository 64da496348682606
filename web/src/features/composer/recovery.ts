import { storage } from "@/app/storage";
import type { Draft, Written } from "./model";

/** What was written and not yet saved, kept on this device until the server has it. */
export interface Kept {
  draft: Draft;
  /** The version and content this was written on; null for a new post. */
  base: { version: number; input: Written } | null;
  at: string;
}

const keyOf = (workspace: string, post: string | null) => `crier.compose.${workspace}.${post ?? "new"}`;

export const recovery = {
  read(workspace: string, post: string | null): Kept | null {
    const text = storage.get(keyOf(workspace, post));
    if (!text) return null;
    try {
      const kept = JSON.parse(text) as Kept;
      return Array.isArray(kept.draft?.parts) && Array.isArray(kept.draft.channels) ? kept : null;
    } catch {
      return null;
    }
  },
  keep(workspace: string, post: string | null, kept: Kept): boolean {
    return storage.set(keyOf(workspace, post), JSON.stringify(kept));
  },
  forget(workspace: string, post: string | null) {
    storage.remove(keyOf(workspace, post));
  },
};
