import { queryOptions, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, call } from "@/api/client";
import { keys } from "@/api/keys";
import type { AttemptView, Channel, Network } from "@/api/types";
import { useSession } from "./session";

/* What many pages need: the workspace's channels and the networks there are. */

export const channelsQuery = (workspace: string) =>
  queryOptions({
    queryKey: keys.channels(workspace),
    queryFn: async ({ signal }) =>
      (
        await call(
          api.GET("/api/v1/workspaces/{workspace}/channels", { params: { path: { workspace } }, signal }),
        )
      ).items,
  });

export const networksQuery = (workspace: string) =>
  queryOptions({
    queryKey: keys.networks(workspace),
    staleTime: 5 * 60_000,
    queryFn: async ({ signal }) =>
      (
        await call(
          api.GET("/api/v1/workspaces/{workspace}/networks", { params: { path: { workspace } }, signal }),
        )
      ).items,
  });

export const openAttemptsQuery = (workspace: string) =>
  queryOptions({
    queryKey: keys.openAttempts(workspace),
    queryFn: async ({ signal }) =>
      (
        await call(
          api.GET("/api/v1/workspaces/{workspace}/attempts", {
            params: { path: { workspace } },
            signal,
          }),
        )
      ).items,
  });

/** Whether a handshake stands still until its person has chosen, answered or confirmed something. */
export function waitsForPerson(attempt: AttemptView): boolean {
  const { state, diagnosis } = attempt;
  return state === "choosing" || state === "confirming" || (state === "identified" && Boolean(diagnosis));
}

export const unreadQuery = (workspace: string) =>
  queryOptions({
    queryKey: keys.unread(workspace),
    queryFn: ({ signal }) =>
      call(
        api.GET("/api/v1/workspaces/{workspace}/notices/unread", { params: { path: { workspace } }, signal }),
      ),
  });

export function useChannels() {
  return useQuery(channelsQuery(useSession().workspace.id));
}

export function useNetworks() {
  return useQuery(networksQuery(useSession().workspace.id));
}

const byId = <T extends { id: string }>(items: T[] | undefined) =>
  new Map(items?.map((item) => [item.id, item]));

export function useChannelMap(): Map<string, Channel> {
  const { data } = useChannels();
  return useMemo(() => byId(data), [data]);
}

export function useNetworkMap(): Map<string, Network> {
  const { data } = useNetworks();
  return useMemo(() => byId(data), [data]);
}
