import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, call } from "@/api/client";
import { keys } from "@/api/keys";
import type { Evergreen, EvergreenInput, EvergreenWhole } from "@/api/types";
import { useSession } from "@/app/session";

export const evergreensQuery = (workspace: string) =>
  queryOptions({
    queryKey: keys.evergreens(workspace),
    queryFn: async ({ signal }) =>
      (
        await call(
          api.GET("/api/v1/workspaces/{workspace}/evergreen", { params: { path: { workspace } }, signal }),
        )
      ).items,
  });

export const evergreenQuery = (workspace: string, id: string) =>
  queryOptions({
    queryKey: keys.evergreen(workspace, id),
    queryFn: ({ signal }) =>
      call(
        api.GET("/api/v1/workspaces/{workspace}/evergreen/{id}", {
          params: { path: { workspace, id } },
          signal,
        }),
      ),
  });

/** The settings of a queue as the server takes them. */
export function settingsOf({
  name,
  channels,
  slots,
  time_zone,
  rest_days,
  paused,
}: Evergreen): EvergreenInput {
  return { name, channels, slots, time_zone, rest_days, paused };
}

/** What several pages show changes with a queue: the queues, the calendar, the channels' queues. */
function useChanged() {
  const { workspace } = useSession();
  const client = useQueryClient();
  return (whole: EvergreenWhole | null) => {
    void client.invalidateQueries({ queryKey: keys.posts(workspace.id) });
    void client.invalidateQueries({ queryKey: keys.slots(workspace.id) });
    void client.invalidateQueries({ queryKey: keys.evergreens(workspace.id) });
    if (whole) client.setQueryData(keys.evergreen(workspace.id, whole.id), whole);
  };
}

/** Makes a queue, or changes the one with this id and version. */
export function useSaveEvergreen(known: { id: string; version: number } | null) {
  const { workspace } = useSession();
  const changed = useChanged();
  return useMutation({
    mutationFn: (body: EvergreenInput) =>
      known
        ? call(
            api.PUT("/api/v1/workspaces/{workspace}/evergreen/{id}", {
              params: {
                path: { workspace: workspace.id, id: known.id },
                header: { "If-Match": `"${known.version}"` },
              },
              body,
            }),
          )
        : call(
            api.POST("/api/v1/workspaces/{workspace}/evergreen", {
              params: { path: { workspace: workspace.id } },
              body,
            }),
          ),
    onSuccess: changed,
  });
}

export function useDeleteEvergreen(id: string) {
  const { workspace } = useSession();
  const changed = useChanged();
  return useMutation({
    mutationFn: () =>
      call(
        api.DELETE("/api/v1/workspaces/{workspace}/evergreen/{id}", {
          params: { path: { workspace: workspace.id, id } },
        }),
      ),
    onSuccess: () => changed(null),
  });
}

/** Keeps a copy of a post in a queue. */
export function useKeepPost() {
  const { workspace } = useSession();
  const changed = useChanged();
  return useMutation({
    mutationFn: ({ queue, post }: { queue: string; post: string }) =>
      call(
        api.POST("/api/v1/workspaces/{workspace}/evergreen/{id}/posts", {
          params: { path: { workspace: workspace.id, id: queue } },
          body: { post_id: post },
        }),
      ),
    onSuccess: changed,
  });
}

/** Takes a post that a queue keeps out of it. */
export function useTakeOut() {
  const { workspace } = useSession();
  const changed = useChanged();
  return useMutation({
    mutationFn: (post: string) =>
      call(
        api.DELETE("/api/v1/workspaces/{workspace}/posts/{id}", {
          params: { path: { workspace: workspace.id, id: post } },
        }),
      ),
    onSuccess: () => changed(null),
  });
}
