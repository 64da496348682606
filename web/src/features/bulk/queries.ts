import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, call } from "@/api/client";
import { keys } from "@/api/keys";
import type { BulkAction, BulkOutcome } from "@/api/types";
import { useSession } from "@/app/session";

/** Does one thing with many posts; the server says of each what became of it. */
export function useBulk() {
  const { workspace } = useSession();
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ ids, action }: { ids: string[]; action: BulkAction }): Promise<BulkOutcome[]> =>
      (
        await call(
          api.POST("/api/v1/workspaces/{workspace}/posts/bulk", {
            params: { path: { workspace: workspace.id } },
            body: { ids, action },
          }),
        )
      ).items,
    onSuccess: (outcomes) => {
      for (const { id } of outcomes) void client.invalidateQueries({ queryKey: keys.post(workspace.id, id) });
    },
    onSettled: () => {
      void client.invalidateQueries({ queryKey: keys.posts(workspace.id) });
      void client.invalidateQueries({ queryKey: keys.channels(workspace.id) });
      void client.invalidateQueries({ queryKey: keys.slots(workspace.id) });
    },
  });
}
