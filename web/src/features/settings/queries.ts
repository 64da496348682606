import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, call } from "@/api/client";
import { keys } from "@/api/keys";
import type { Me, User, Workspace } from "@/api/types";
import { useSession } from "@/app/session";

export const sessionsQuery = queryOptions({
  queryKey: keys.sessions,
  queryFn: async ({ signal }) => (await call(api.GET("/api/v1/auth/sessions", { signal }))).items,
});

export const apiKeysQuery = (workspace: string) =>
  queryOptions({
    queryKey: keys.apiKeys(workspace),
    queryFn: async ({ signal }) =>
      (
        await call(
          api.GET("/api/v1/workspaces/{workspace}/keys", { params: { path: { workspace } }, signal }),
        )
      ).items,
  });

export function useChangeProfile() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: Partial<Pick<User, "name" | "time_zone" | "week_start" | "clock">>) =>
      call(api.PATCH("/api/v1/auth/me", { body })),
    onSuccess: (me) => client.setQueryData<Me | null>(keys.me, me),
  });
}

export function useChangeWorkspace() {
  const { workspace } = useSession();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: Partial<Pick<Workspace, "name" | "time_zone">> & { paused?: boolean }) =>
      call(
        api.PATCH("/api/v1/workspaces/{workspace}", { params: { path: { workspace: workspace.id } }, body }),
      ),
    onSuccess: (changed) =>
      client.setQueryData<Me | null>(keys.me, (me) =>
        me ? { ...me, workspaces: me.workspaces.map((it) => (it.id === changed.id ? changed : it)) } : me,
      ),
  });
}

export function useRevokeSession() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => call(api.DELETE("/api/v1/auth/sessions/{id}", { params: { path: { id } } })),
    onSettled: () => client.invalidateQueries({ queryKey: keys.sessions }),
  });
}

export function useApiKeyActions() {
  const { workspace } = useSession();
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ queryKey: keys.apiKeys(workspace.id) });
  const create = useMutation({
    mutationFn: (body: { name: string; expires_at?: string }) =>
      call(
        api.POST("/api/v1/workspaces/{workspace}/keys", {
          params: { path: { workspace: workspace.id } },
          body,
        }),
      ),
    onSuccess: refresh,
  });
  const remove = useMutation({
    mutationFn: (id: string) =>
      call(
        api.DELETE("/api/v1/workspaces/{workspace}/keys/{id}", {
          params: { path: { workspace: workspace.id, id } },
        }),
      ),
    onSuccess: refresh,
  });
  return { create, remove };
}
