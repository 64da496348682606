import { useEffect, useEffectEvent } from "react";
import { isTyping } from "@/app/shortcuts";
import type { View } from "./search";

const KEYS: Record<string, View> = { "1": "day", "2": "week", "3": "month", "4": "list" };

interface Actions {
  today: () => void;
  step: (by: -1 | 1) => void;
  view: (view: View) => void;
  edit: (post: string) => void;
  select: (post: string) => void;
  /** Leaves selecting; false where nothing was left. */
  leave: () => boolean;
}

/** The calendar's own keys: T, J and K, 1 to 4, and E and X on a post. */
export function useCalendarKeys(actions: Actions) {
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target))
      return;
    if (document.querySelector("[role=dialog],[role=menu],[role=listbox]")) return;
    const view = KEYS[event.key];
    const post = event.target instanceof HTMLElement ? event.target.dataset.post : undefined;
    if (view) actions.view(view);
    else if (event.key === "t") actions.today();
    else if (event.key === "j") actions.step(1);
    else if (event.key === "k") actions.step(-1);
    else if (event.key === "e" && post) actions.edit(post);
    else if (event.key === "x" && post) actions.select(post);
    else if (event.key === "Escape" && actions.leave()) return;
    else return;
    event.preventDefault();
  });
  useEffect(() => {
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}
