import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, call } from "@/api/client";
import { keys } from "@/api/keys";
import type { Slot } from "@/api/types";
import { useSession } from "@/app/session";

/** A channel's slots, or with no channel the workspace's. */
export const slotsQuery = (workspace: string, channel: string | null) =>
  queryOptions({
    queryKey: keys.slotsOf(workspace, channel),
    queryFn: ({ signal }) =>
      channel
        ? call(
            api.GET("/api/v1/workspaces/{workspace}/channels/{id}/slots", {
              params: { path: { workspace, id: channel } },
              signal,
            }),
          )
        : call(api.GET("/api/v1/workspaces/{workspace}/slots", { params: { path: { workspace } }, signal })),
  });

/** The next slots that are free for these channels; the post that is to have one is not in its own way. */
export const freeSlotsQuery = (workspace: string, channels: string[], count: number, except: string | null) =>
  queryOptions({
    queryKey: keys.freeSlots(workspace, channels, count, except),
    queryFn: async ({ signal }) =>
      (
        await call(
          api.GET("/api/v1/workspaces/{workspace}/slots/free", {
            params: {
              path: { workspace },
              query: { channels: channels.join(","), count, ...(except && { except }) },
            },
            signal,
          }),
        )
      ).items,
  });

/** What is next on a channel: its slots, free and taken, and what is due beside them. */
export const channelQueueQuery = (workspace: string, channel: string, limit: number) =>
  queryOptions({
    queryKey: keys.channelQueue(workspace, channel, limit),
    queryFn: async ({ signal }) =>
      (
        await call(
          api.GET("/api/v1/workspaces/{workspace}/channels/{id}/queue", {
            params: { path: { workspace, id: channel }, query: { limit } },
            signal,
          }),
        )
      ).items,
  });

interface Week {
  slots: Slot[];
  time_zone: string;
}

/** Sets the slots of a channel or the workspace; a channel's null gives it the workspace's again. */
export function useSetSlots(channel: string | null, onSaved: () => void) {
  const { workspace } = useSession();
  const client = useQueryClient();
  const path = { workspace: workspace.id };
  return useMutation({
    mutationFn: (week: Week | null) => {
      if (!channel) {
        return call(
          api.PUT("/api/v1/workspaces/{workspace}/slots", {
            params: { path },
            body: { slots: week?.slots ?? [] },
          }),
        );
      }
      const params = { path: { ...path, id: channel } };
      return week
        ? call(api.PUT("/api/v1/workspaces/{workspace}/channels/{id}/slots", { params, body: week }))
        : call(api.DELETE("/api/v1/workspaces/{workspace}/channels/{id}/slots", { params }));
    },
    // Told here, since the form begins anew with what was saved.
    onSuccess: (changed) => {
      onSaved();
      client.setQueryData(keys.slotsOf(workspace.id, channel), changed);
      return client.invalidateQueries({ queryKey: keys.slots(workspace.id) });
    },
  });
}
