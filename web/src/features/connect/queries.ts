import { queryOptions } from "@tanstack/react-query";
import { api, call } from "@/api/client";
import { keys } from "@/api/keys";
import { Problem } from "@/api/problem";
import type { AttemptState, AttemptView, Network, Way } from "@/api/types";

const FINAL: readonly AttemptState[] = ["connected", "failed", "expired", "superseded", "cancelled"];

/** The way of this id, or the recommended one where there is none of it (any more). */
export const wayOf = (network: Network | undefined, id: string | undefined): Way | undefined =>
  network?.ways.find((way) => way.id === id) ?? network?.ways[0];

export const isFinal = (state: AttemptState) => FINAL.includes(state);
export const awaitsReturn = (state: AttemptState) => state === "started" || state === "away";

export const preflightQuery = (workspace: string, network: string, way: string, instance: string) =>
  queryOptions({
    queryKey: keys.preflight(workspace, network, way, instance),
    staleTime: 30_000,
    retry: false,
    queryFn: async ({ signal }) =>
      (
        await call(
          api.GET("/api/v1/workspaces/{workspace}/networks/{network}/preflight", {
            params: { path: { workspace, network }, query: instance ? { way, instance } : { way } },
            signal,
          }),
        )
      ).checks,
  });

/**
 * An attempt with the workspace it belongs to. The link back from a network names only the attempt, so the
 * person's other workspaces are tried when the current one does not have it.
 */
export const attemptQuery = (workspaces: [string, ...string[]], id: string) =>
  queryOptions({
    queryKey: keys.attempt(workspaces[0], id),
    queryFn: async ({ signal }): Promise<{ workspace: string; attempt: AttemptView }> => {
      let missing: unknown;
      for (const workspace of workspaces) {
        try {
          const attempt = await call(
            api.GET("/api/v1/workspaces/{workspace}/attempts/{id}", {
              params: { path: { workspace, id } },
              signal,
            }),
          );
          return { workspace, attempt };
        } catch (error) {
          if (!(error instanceof Problem) || (error.status !== 404 && error.status !== 403)) throw error;
          missing ??= error;
        }
      }
      throw missing;
    },
  });

export const attempts = {
  start: (workspace: string, body: { network: string; way?: string; instance?: string; channel?: string }) =>
    call(api.POST("/api/v1/workspaces/{workspace}/attempts", { params: { path: { workspace } }, body })),
  form: (workspace: string, id: string, values: Record<string, string>) =>
    call(
      api.POST("/api/v1/workspaces/{workspace}/attempts/{id}/form", {
        params: { path: { workspace, id } },
        body: { values },
      }),
    ),
  confirm: (workspace: string, id: string, nonce: string) =>
    call(
      api.POST("/api/v1/workspaces/{workspace}/attempts/{id}/confirm", {
        params: { path: { workspace, id } },
        body: { nonce },
      }),
    ),
  /** Connects what was ticked. */
  choose: (workspace: string, id: string, choices: string[]) =>
    call(
      api.POST("/api/v1/workspaces/{workspace}/attempts/{id}/choose", {
        params: { path: { workspace, id } },
        body: { choices },
      }),
    ),
  continue: (workspace: string, id: string) =>
    call(
      api.POST("/api/v1/workspaces/{workspace}/attempts/{id}/continue", {
        params: { path: { workspace, id } },
      }),
    ),
  /** Finishes by hand, with the address the browser landed on. */
  address: (workspace: string, id: string, address: string) =>
    call(
      api.POST("/api/v1/workspaces/{workspace}/attempts/{id}/address", {
        params: { path: { workspace, id } },
        body: { address },
      }),
    ),
  cancel: (workspace: string, id: string) =>
    call(
      api.POST("/api/v1/workspaces/{workspace}/attempts/{id}/cancel", {
        params: { path: { workspace, id } },
      }),
    ),
};
