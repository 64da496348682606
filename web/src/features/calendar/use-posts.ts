import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useSession } from "@/app/session";
import { clashing, matches, place } from "./layout";
import { draftsQuery, rangeQuery } from "./queries";
import { type Days, startOfDay } from "./range";
import { useFilter } from "./use-filter";

/** The posts of the days that are shown, and the drafts without a time, as far as the filter lets them through. */
export function useCalendarPosts(days: Days) {
  const { user, workspace } = useSession();
  const { filter } = useFilter();
  const zone = user.time_zone;
  const query = useQuery(rangeQuery(workspace.id, startOfDay(days.from, zone), startOfDay(days.to, zone)));
  const drafts = useQuery(draftsQuery(workspace.id));
  const placed = useMemo(
    () => place(query.data?.filter((post) => matches(post, filter)) ?? [], zone),
    [query.data, filter, zone],
  );
  const undated = useMemo(
    () => drafts.data?.filter((post) => matches(post, filter)) ?? [],
    [drafts.data, filter],
  );
  // Also with those that the filter hides: they go out all the same.
  const clashes = useMemo(() => clashing(query.data ?? []), [query.data]);
  const known = query.data !== undefined && !query.isPlaceholderData;
  const empty = known && !placed.some((item) => item.date >= days.from && item.date < days.to);
  return { query, placed, undated, clashes, empty };
}
