import { queryOptions } from "@tanstack/react-query";
import { api, call } from "@/api/client";
import { keys } from "@/api/keys";

const DAY = 86_400_000;

/** What is looked at every few hours need not be asked for at every glance. */
const STALE = 60_000;

export const channelNumbersQuery = (workspace: string, id: string, days: number) =>
  queryOptions({
    queryKey: keys.channelNumbers(workspace, id, days),
    staleTime: STALE,
    queryFn: ({ signal }) => {
      const day = (ago: number) => new Date(Date.now() - ago * DAY).toISOString().slice(0, 10);
      return call(
        api.GET("/api/v1/workspaces/{workspace}/channels/{id}/metrics", {
          params: { path: { workspace, id }, query: { from: day(days - 1), to: day(0) } },
          signal,
        }),
      );
    },
  });

export const publicationNumbersQuery = (workspace: string, id: string) =>
  queryOptions({
    queryKey: keys.publicationNumbers(workspace, id),
    staleTime: STALE,
    queryFn: ({ signal }) =>
      call(
        api.GET("/api/v1/workspaces/{workspace}/publications/{id}/metrics", {
          params: { path: { workspace, id } },
          signal,
        }),
      ),
  });
