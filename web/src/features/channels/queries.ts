import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, call } from "@/api/client";
import { keys } from "@/api/keys";
import type { Channel } from "@/api/types";
import { useSession } from "@/app/session";

export const channelAttemptsQuery = (workspace: string, id: string) =>
  queryOptions({
    queryKey: keys.channelAttempts(workspace, id),
    queryFn: async ({ signal }) =>
      (
        await call(
          api.GET("/api/v1/workspaces/{workspace}/channels/{id}/attempts", {
            params: { path: { workspace, id } },
            signal,
          }),
        )
      ).items,
  });

export function useChangeChannel(id: string) {
  const { workspace } = useSession();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { disabled?: boolean; name?: string; daily_cap?: number | null }) =>
      call(
        api.PATCH("/api/v1/workspaces/{workspace}/channels/{id}", {
          params: { path: { workspace: workspace.id, id } },
          body,
        }),
      ),
    onSuccess: (changed) =>
      client.setQueryData<Channel[]>(keys.channels(workspace.id), (all) =>
        all?.map((channel) => (channel.id === changed.id ? changed : channel)),
      ),
  });
}

/** Gives the account a name of its own at the network. */
export function useNickname(id: string) {
  const { workspace } = useSession();
  return useMutation({
    mutationFn: (name: string) =>
      call(
        api.PUT("/api/v1/workspaces/{workspace}/channels/{id}/nickname", {
          params: { path: { workspace: workspace.id, id } },
          body: { name },
        }),
      ),
  });
}

export function useDeleteChannel(id: string) {
  const { workspace } = useSession();
  const client = useQueryClient();
  return useMutation({
    mutationFn: () =>
      call(
        api.DELETE("/api/v1/workspaces/{workspace}/channels/{id}", {
          params: { path: { workspace: workspace.id, id } },
        }),
      ),
    onSuccess: () => {
      client.setQueryData<Channel[]>(keys.channels(workspace.id), (all) =>
        all?.filter((channel) => channel.id !== id),
      );
      void client.invalidateQueries({ queryKey: keys.posts(workspace.id) });
    },
  });
}
