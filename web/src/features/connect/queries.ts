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

/**
 * In place of a workspace's id: the attempts of somebody without an account, who came by an invite link. The browser's
 * cookies say which link and which attempts; no workspace is named.
 */
export const GUEST = "guest";

/** The page of an attempt, for members and for guests. */
export const attemptPage = (workspace: string) =>
  workspace === GUEST ? ("/invite/$attempt" as const) : ("/connect/$attempt" as const);

export const preflightQuery = (workspace: string, network: string, way: string, instance: string) =>
  queryOptions({
    queryKey: keys.preflight(workspace, network, way, instance),
    staleTime: 30_000,
    retry: false,
    queryFn: async ({ signal }) => {
      // What a guest could not mend is told by the attempt itself.
      if (workspace === GUEST) return [];
      const params = { path: { workspace, network }, query: instance ? { way, instance } : { way } };
      const path = "/api/v1/workspaces/{workspace}/networks/{network}/preflight";
      return (await call(api.GET(path, { params, signal }))).checks;
    },
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
          const attempt = await attempts.get(workspace, id, signal);
          return { workspace, attempt };
        } catch (error) {
          if (!(error instanceof Problem) || (error.status !== 404 && error.status !== 403)) throw error;
          missing ??= error;
        }
      }
      throw missing;
    },
  });

const OURS = "/api/v1/workspaces/{workspace}/attempts" as const;
const THEIRS = "/api/v1/invite/attempts" as const;

/** What can be done with an attempt, by a member of `workspace` or by a guest (`GUEST`). */
export const attempts = {
  get: (workspace: string, id: string, signal?: AbortSignal) =>
    workspace === GUEST
      ? call(api.GET(`${THEIRS}/{id}`, { params: { path: { id } }, signal }))
      : call(api.GET(`${OURS}/{id}`, { params: { path: { workspace, id } }, signal })),
  start: (workspace: string, body: { network: string; way?: string; instance?: string; channel?: string }) =>
    workspace === GUEST
      ? call(api.POST(THEIRS, { body: { network: body.network, way: body.way, instance: body.instance } }))
      : call(api.POST(OURS, { params: { path: { workspace } }, body })),
  form: (workspace: string, id: string, values: Record<string, string>) =>
    workspace === GUEST
      ? call(api.POST(`${THEIRS}/{id}/form`, { params: { path: { id } }, body: { values } }))
      : call(api.POST(`${OURS}/{id}/form`, { params: { path: { workspace, id } }, body: { values } })),
  confirm: (workspace: string, id: string, nonce: string) =>
    workspace === GUEST
      ? call(api.POST(`${THEIRS}/{id}/confirm`, { params: { path: { id } }, body: { nonce } }))
      : call(api.POST(`${OURS}/{id}/confirm`, { params: { path: { workspace, id } }, body: { nonce } })),
  /** Connects what was ticked. */
  choose: (workspace: string, id: string, choices: string[]) =>
    workspace === GUEST
      ? call(api.POST(`${THEIRS}/{id}/choose`, { params: { path: { id } }, body: { choices } }))
      : call(api.POST(`${OURS}/{id}/choose`, { params: { path: { workspace, id } }, body: { choices } })),
  continue: (workspace: string, id: string) =>
    workspace === GUEST
      ? call(api.POST(`${THEIRS}/{id}/continue`, { params: { path: { id } } }))
      : call(api.POST(`${OURS}/{id}/continue`, { params: { path: { workspace, id } } })),
  /** Finishes by hand, with the address the browser landed on. */
  address: (workspace: string, id: string, address: string) =>
    workspace === GUEST
      ? call(api.POST(`${THEIRS}/{id}/address`, { params: { path: { id } }, body: { address } }))
      : call(api.POST(`${OURS}/{id}/address`, { params: { path: { workspace, id } }, body: { address } })),
  cancel: (workspace: string, id: string) =>
    workspace === GUEST
      ? call(api.POST(`${THEIRS}/{id}/cancel`, { params: { path: { id } } }))
      : call(api.POST(`${OURS}/{id}/cancel`, { params: { path: { workspace, id } } })),
};

/** Where the picture of one of an attempt's choices is. */
export function pictureOf(workspace: string, id: string, choice: string): string {
  const attempt =
    workspace === GUEST ? `/api/v1/invite/attempts/${id}` : `/api/v1/workspaces/${workspace}/attempts/${id}`;
  return `${attempt}/picture?choice=${encodeURIComponent(choice)}`;
}
