import { useMediaQuery } from "@mantine/hooks";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useNow } from "@/app/now";
import { useSession } from "@/app/session";
import { storage } from "@/app/storage";
import { today as todayIn } from "@/app/zoned";
import { step } from "./range";
import { VIEWS, type View } from "./search";

const VIEW_KEY = "crier.calendar-view";

/** Which view of which days is shown, and how to go to another. */
export function useView() {
  const search = useSearch({ from: "/signed-in/calendar" });
  const navigate = useNavigate();
  const { user } = useSession();
  const now = useNow();
  const narrow = useMediaQuery("(max-width: 48em)", window.matchMedia("(max-width: 48em)").matches);
  const remembered = VIEWS.find((name) => name === storage.get(VIEW_KEY));
  const view: View = search.view ?? remembered ?? (narrow ? "list" : "week");
  const today = todayIn(user.time_zone, now);
  const date = search.date ?? today;
  const go = (change: { view?: View; date?: string }) =>
    void navigate({ to: "/calendar", search: (before) => ({ ...before, view, ...change }) });
  return {
    now,
    narrow,
    view,
    today,
    date,
    setView: (next: View) => {
      storage.set(VIEW_KEY, next);
      go({ view: next });
    },
    toToday: () => go({ date: undefined }),
    stepBy: (by: -1 | 1) => go({ date: step(view, date, by) }),
  };
}
