import { queryOptions } from "@tanstack/react-query";
import { api, call } from "@/api/client";
import { keys } from "@/api/keys";
import type { Media, Post } from "@/api/types";
import { randomId } from "@/app/random";
import type { Transport } from "./autosave";
import { asInput } from "./model";

const fetchPost = (workspace: string, id: string, signal?: AbortSignal): Promise<Post> =>
  call(api.GET("/api/v1/workspaces/{workspace}/posts/{id}", { params: { path: { workspace, id } }, signal }));

/** The post as the composer opens it: always asked anew, since its version decides whether a save is taken. */
export const composedPostQuery = (workspace: string, id: string) =>
  queryOptions({
    queryKey: [...keys.post(workspace, id), "composer"] as const,
    staleTime: 0,
    gcTime: 0,
    queryFn: ({ signal }) => fetchPost(workspace, id, signal),
  });

export const mediaQuery = (workspace: string, id: string) =>
  queryOptions({
    queryKey: keys.mediaOne(workspace, id),
    staleTime: 5 * 60_000,
    queryFn: ({ signal }): Promise<Media> =>
      call(
        api.GET("/api/v1/workspaces/{workspace}/media/{id}", { params: { path: { workspace, id } }, signal }),
      ),
  });

/** `following`: whether a post that repeats is saved with all that follow it. */
export const transport = (workspace: string, following: () => boolean): Transport => ({
  create: (written, key) =>
    call(
      api.POST("/api/v1/workspaces/{workspace}/posts", {
        params: { path: { workspace }, header: { "Idempotency-Key": key } },
        body: asInput(written),
      }),
    ),
  update: (id, version, written) =>
    call(
      api.PUT("/api/v1/workspaces/{workspace}/posts/{id}", {
        params: {
          path: { workspace, id },
          header: { "If-Match": `"${version}"` },
          ...(following() && { query: { scope: "following" } }),
        },
        body: asInput(written),
      }),
    ),
});

export const newIdempotencyKey = randomId;

export const posts = {
  get: fetchPost,
  remove: (workspace: string, id: string) =>
    call(api.DELETE("/api/v1/workspaces/{workspace}/posts/{id}", { params: { path: { workspace, id } } })),
};
