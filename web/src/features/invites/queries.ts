import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, call } from "@/api/client";
import { keys } from "@/api/keys";
import { useSession } from "@/app/session";

export const invitesQuery = (workspace: string) =>
  queryOptions({
    queryKey: keys.invites(workspace),
    queryFn: async ({ signal }) => {
      const params = { path: { workspace } };
      return (await call(api.GET("/api/v1/workspaces/{workspace}/invites", { params, signal }))).items;
    },
  });

export interface NewInvite {
  name: string;
  networks: string[];
  max_uses: number;
  expires_at: string;
}

export function useInviteActions() {
  const { workspace } = useSession();
  const client = useQueryClient();
  const onSuccess = () => client.invalidateQueries({ queryKey: keys.invites(workspace.id) });
  const path = { workspace: workspace.id };
  const create = useMutation({
    mutationFn: (body: NewInvite) =>
      call(api.POST("/api/v1/workspaces/{workspace}/invites", { params: { path }, body })),
    onSuccess,
  });
  const revoke = useMutation({
    mutationFn: (id: string) =>
      call(api.DELETE("/api/v1/workspaces/{workspace}/invites/{id}", { params: { path: { ...path, id } } })),
    onSuccess,
  });
  return { create, revoke };
}
