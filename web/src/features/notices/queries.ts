import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, call } from "@/api/client";
import { keys } from "@/api/keys";
import type { NoticeKind, Ways } from "@/api/types";
import { useSession } from "@/app/session";

/** In the order in which they are shown. */
export const KINDS: readonly NoticeKind[] = [
  "channel.reconnect",
  "channel.expiring",
  "publication.at_risk",
  "publication.failed",
  "publication.unconfirmed",
  "publication.held",
  "publication.missed",
];

export const noticesQuery = (workspace: string) =>
  infiniteQueryOptions({
    queryKey: keys.noticeList(workspace),
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      call(
        api.GET("/api/v1/workspaces/{workspace}/notices", {
          params: { path: { workspace }, query: { cursor: pageParam, limit: 30 } },
          signal,
        }),
      ),
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });

export function useMarkSeen() {
  const { workspace } = useSession();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (up_to: string) =>
      call(
        api.POST("/api/v1/workspaces/{workspace}/notices/seen", {
          params: { path: { workspace: workspace.id } },
          body: { up_to },
        }),
      ),
    // The list keeps its marks while it is being read.
    onSuccess: () => client.invalidateQueries({ queryKey: keys.unread(workspace.id) }),
  });
}

export const choicesQuery = queryOptions({
  queryKey: keys.noticeChoices,
  queryFn: ({ signal }) => call(api.GET("/api/v1/auth/me/notices", { signal })),
});

export function useSetChoices() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: Partial<Record<NoticeKind, Ways>>) =>
      call(api.PUT("/api/v1/auth/me/notices", { body: body as Record<NoticeKind, Ways> })),
    onSuccess: (choices) => {
      client.setQueryData(keys.noticeChoices, choices);
      void client.invalidateQueries({
        predicate: ({ queryKey }) => queryKey[0] === "ws" && queryKey[2] === "notices",
      });
    },
  });
}

export const webhookQuery = (workspace: string) =>
  queryOptions({
    queryKey: keys.webhook(workspace),
    queryFn: async ({ signal }) =>
      (
        await call(
          api.GET("/api/v1/workspaces/{workspace}/webhook", { params: { path: { workspace } }, signal }),
        )
      ).webhook ?? null,
  });

export const deliveriesQuery = (workspace: string) =>
  queryOptions({
    queryKey: keys.deliveries(workspace),
    queryFn: async ({ signal }) => {
      const path = "/api/v1/workspaces/{workspace}/webhook/deliveries";
      return (await call(api.GET(path, { params: { path: { workspace } }, signal }))).items;
    },
  });

export function useWebhookActions() {
  const { workspace } = useSession();
  const client = useQueryClient();
  const params = { path: { workspace: workspace.id } };
  const onSuccess = () => client.invalidateQueries({ queryKey: keys.webhook(workspace.id) });
  const save = useMutation({
    mutationFn: (body: { url: string; kinds: NoticeKind[]; new_secret?: boolean }) =>
      call(api.PUT("/api/v1/workspaces/{workspace}/webhook", { params, body })),
    onSuccess,
  });
  const remove = useMutation({
    mutationFn: () => call(api.DELETE("/api/v1/workspaces/{workspace}/webhook", { params })),
    onSuccess,
  });
  const test = useMutation({
    mutationFn: () => call(api.POST("/api/v1/workspaces/{workspace}/webhook/test", { params })),
    onSuccess,
  });
  return { save, remove, test };
}
