import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, call } from "@/api/client";
import { keys } from "@/api/keys";
import type { ChannelPlugs } from "@/api/types";
import { useSession } from "@/app/session";

export const channelPlugsQuery = (workspace: string, channel: string) =>
  queryOptions({
    queryKey: keys.channelPlugs(workspace, channel),
    queryFn: ({ signal }) =>
      call(
        api.GET("/api/v1/workspaces/{workspace}/channels/{id}/plugs", {
          params: { path: { workspace, id: channel } },
          signal,
        }),
      ),
  });

export function useSetChannelPlugs(channel: string, onSaved: () => void) {
  const { workspace } = useSession();
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ repost, comment }: Pick<ChannelPlugs, "repost" | "comment">) =>
      call(
        api.PUT("/api/v1/workspaces/{workspace}/channels/{id}/plugs", {
          params: { path: { workspace: workspace.id, id: channel } },
          body: { repost, comment },
        }),
      ),
    onSuccess: (set) => {
      client.setQueryData(keys.channelPlugs(workspace.id, channel), set);
      onSaved();
    },
  });
}
