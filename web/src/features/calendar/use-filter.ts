import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import type { PublicationState } from "@/api/types";
import type { Filter } from "./layout";
import { type CalendarSearch, joined, split } from "./search";

/** The filter in the address, and how to change it. */
export function useFilter() {
  const { channel, state } = useSearch({ from: "/signed-in/calendar" });
  const navigate = useNavigate();
  const filter = useMemo(
    (): Filter => ({ channels: split(channel), states: split(state) as PublicationState[] }),
    [channel, state],
  );
  const put = (change: Partial<CalendarSearch>) =>
    void navigate({ to: "/calendar", search: (before) => ({ ...before, ...change }), replace: true });
  const toggled = <T extends string>(list: readonly T[], item: T) =>
    joined(list.includes(item) ? list.filter((other) => other !== item) : [...list, item]);
  return {
    filter,
    count: filter.channels.length + filter.states.length,
    toggleChannel: (id: string) => put({ channel: toggled(filter.channels, id) }),
    toggleState: (name: PublicationState) => put({ state: toggled(filter.states, name) }),
    clear: () => put({ channel: undefined, state: undefined }),
  };
}
