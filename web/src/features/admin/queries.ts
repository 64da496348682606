import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, call } from "@/api/client";
import { keys } from "@/api/keys";
import type { LoggedAttempt, Network } from "@/api/types";

/** A workspace's id, or null for the whole installation. */
export type Scope = string | null;

export const appsQuery = (scope: Scope) =>
  queryOptions({
    queryKey: keys.apps(scope),
    queryFn: async ({ signal }) =>
      (
        await call(
          scope === null
            ? api.GET("/api/v1/admin/apps", { signal })
            : api.GET("/api/v1/workspaces/{workspace}/apps", {
                params: { path: { workspace: scope } },
                signal,
              }),
        )
      ).items,
  });

export interface AppInput {
  instance?: string;
  /** None where a bot is the app. */
  client_id?: string;
  client_secret?: string;
  bot_token?: string;
}

/** Changes to the apps of a network. */
export function useAppActions(scope: Scope, network: Network["id"]) {
  const client = useQueryClient();
  const refresh = () => {
    void client.invalidateQueries({ queryKey: ["apps"] });
    // Whether a network can be connected is told with the networks of each workspace.
    void client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[2] === "networks" });
  };
  const inWorkspace = { path: { workspace: scope ?? "", network } };
  const save = useMutation({
    mutationFn: (body: AppInput) =>
      call(
        scope === null
          ? api.PUT("/api/v1/admin/apps/{network}", { params: { path: { network } }, body })
          : api.PUT("/api/v1/workspaces/{workspace}/apps/{network}", { params: inWorkspace, body }),
      ),
    onSuccess: refresh,
  });
  const remove = useMutation({
    mutationFn: (query: { instance?: string; force: boolean }) =>
      call(
        scope === null
          ? api.DELETE("/api/v1/admin/apps/{network}", { params: { path: { network }, query } })
          : api.DELETE("/api/v1/workspaces/{workspace}/apps/{network}", {
              params: { ...inWorkspace, query },
            }),
      ),
    onSuccess: refresh,
  });
  const test = useMutation({
    mutationFn: (body: AppInput) =>
      call(
        scope === null
          ? api.POST("/api/v1/admin/apps/{network}/test", { params: { path: { network } }, body })
          : api.POST("/api/v1/workspaces/{workspace}/apps/{network}/test", { params: inWorkspace, body }),
      ),
  });
  return { save, remove, test };
}

/** Which attempts are looked for; as in the page's address. */
export interface AttemptFilter {
  network?: string;
  outcome?: string;
  code?: string;
  person?: string;
  from?: string;
  to?: string;
}

export const attemptLogQuery = (scope: Scope, filter: AttemptFilter) =>
  infiniteQueryOptions({
    queryKey: keys.attemptLog(scope, filter),
    initialPageParam: undefined as string | undefined,
    queryFn: async ({ signal, pageParam }) => {
      const query = { ...filter, cursor: pageParam, limit: 30 };
      return call(
        scope === null
          ? api.GET("/api/v1/admin/attempts", { params: { query }, signal })
          : api.GET("/api/v1/workspaces/{workspace}/attempts/log", {
              params: { path: { workspace: scope }, query },
              signal,
            }),
      );
    },
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    select: (data): LoggedAttempt[] => data.pages.flatMap((page) => page.items),
  });
