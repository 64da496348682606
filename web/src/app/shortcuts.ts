import { useRouter } from "@tanstack/react-router";
import { useEffect } from "react";

/** Whether a key pressed there is text being typed, not a command. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable) return true;
  if (target instanceof HTMLInputElement) {
    return !["button", "checkbox", "radio", "range", "submit", "reset", "file", "image"].includes(
      target.type,
    );
  }
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

const GO: Record<string, "/calendar" | "/channels" | "/settings"> = {
  c: "/calendar",
  h: "/channels",
  s: "/settings",
};

/** Keys that work on every page: `c` writes, `?` helps, `g` then a letter goes. Not while a dialog is open. */
export function useShortcuts(onHelp: () => void) {
  const router = useRouter();
  useEffect(() => {
    let going = 0;
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target))
        return;
      if (document.querySelector("[role=dialog],[role=menu],[role=listbox]")) return;
      if (event.timeStamp - going < 1200) {
        going = 0;
        const to = GO[event.key];
        if (to) {
          event.preventDefault();
          void router.navigate({ to });
        }
        return;
      }
      if (event.key === "g") going = event.timeStamp;
      else if (event.key === "?") {
        event.preventDefault();
        onHelp();
      } else if (event.key === "c") {
        event.preventDefault();
        void router.navigate({ to: "/posts/new" });
      }
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [router, onHelp]);
}
