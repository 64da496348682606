import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, call } from "@/api/client";
import { keys } from "@/api/keys";
import type { NewPart, Post, PostSummary, Publication } from "@/api/types";
import { useSession } from "@/app/session";

/** Of a post that repeats: it alone, or with all that follow. */
export type RepeatScope = "this" | "following";

export const postQuery = (workspace: string, id: string) =>
  queryOptions({
    queryKey: keys.post(workspace, id),
    queryFn: ({ signal }) =>
      call(
        api.GET("/api/v1/workspaces/{workspace}/posts/{id}", { params: { path: { workspace, id } }, signal }),
      ),
  });

/** Gives a post another time. Every list shows it there at once, and at its old place again if the server refuses. */
export function useMovePost() {
  const { workspace } = useSession();
  const client = useQueryClient();
  const lists = { queryKey: keys.posts(workspace.id) };
  const put = (id: string, due_at: string) => {
    client.setQueriesData<PostSummary[]>(lists, (posts) =>
      posts?.map((post) => (post.id === id ? { ...post, due_at } : post)),
    );
    client.setQueryData<Post>(keys.post(workspace.id, id), (post) => post && { ...post, due_at });
  };
  return useMutation({
    scope: { id: "move-post" },
    mutationFn: ({ id, to, scope }: { id: string; from?: string | null; to: string; scope?: RepeatScope }) =>
      call(
        api.POST("/api/v1/workspaces/{workspace}/posts/{id}/move", {
          params: { path: { workspace: workspace.id, id }, ...(scope && { query: { scope } }) },
          body: { due_at: to },
        }),
      ),
    onMutate: async ({ id, to }) => {
      await client.cancelQueries(lists);
      put(id, to);
    },
    onError: (_error, { id, from }) => {
      if (from) put(id, from);
    },
    onSuccess: (post) => client.setQueryData(keys.post(workspace.id, post.id), post),
    onSettled: () => client.invalidateQueries(lists),
  });
}

export function useDuplicatePost() {
  const { workspace } = useSession();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      call(
        api.POST("/api/v1/workspaces/{workspace}/posts/{id}/duplicate", {
          params: { path: { workspace: workspace.id, id } },
        }),
      ),
    onSuccess: (post) => {
      client.setQueryData(keys.post(workspace.id, post.id), post);
      return client.invalidateQueries({ queryKey: keys.posts(workspace.id) });
    },
  });
}

export function useDeletePost() {
  const { workspace } = useSession();
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, scope }: { id: string; scope?: RepeatScope }) =>
      call(
        api.DELETE("/api/v1/workspaces/{workspace}/posts/{id}", {
          params: { path: { workspace: workspace.id, id }, ...(scope && { query: { scope } }) },
        }),
      ),
    onSuccess: (_gone, { id }) => {
      client.setQueriesData<PostSummary[]>({ queryKey: keys.posts(workspace.id) }, (posts) =>
        posts?.filter((post) => post.id !== id),
      );
      void client.invalidateQueries({ queryKey: keys.posts(workspace.id) });
      void client.invalidateQueries({ queryKey: keys.channels(workspace.id) });
    },
  });
}

export type Decision =
  | { kind: "retry" }
  | { kind: "cancel" }
  | { kind: "there"; url: string }
  | { kind: "sendAgain" };

/** What a person decides about one publication of a post. */
export function useDecide(post: string, publication: string) {
  const { workspace } = useSession();
  const client = useQueryClient();
  const params = { path: { workspace: workspace.id, id: publication } };
  return useMutation({
    mutationFn: (decision: Decision): Promise<Publication> => {
      switch (decision.kind) {
        case "retry":
          return call(api.POST("/api/v1/workspaces/{workspace}/publications/{id}/retry", { params }));
        case "cancel":
          return call(api.POST("/api/v1/workspaces/{workspace}/publications/{id}/cancel", { params }));
        case "there":
          return call(
            api.POST("/api/v1/workspaces/{workspace}/publications/{id}/resolve", {
              params,
              body: { outcome: "published", url: decision.url },
            }),
          );
        case "sendAgain":
          return call(
            api.POST("/api/v1/workspaces/{workspace}/publications/{id}/resolve", {
              params,
              body: { outcome: "send_again" },
            }),
          );
      }
    },
    onSuccess: (changed) => {
      client.setQueryData<Post>(
        keys.post(workspace.id, post),
        (before) =>
          before && {
            ...before,
            publications: before.publications.map((item) => (item.id === changed.id ? changed : item)),
          },
      );
    },
    onSettled: () => {
      void client.invalidateQueries({ queryKey: keys.post(workspace.id, post) });
      void client.invalidateQueries({ queryKey: keys.posts(workspace.id) });
    },
  });
}

function usePutPublication(post: string) {
  const { workspace } = useSession();
  const client = useQueryClient();
  return (changed: Publication) =>
    client.setQueryData<Post>(
      keys.post(workspace.id, post),
      (before) =>
        before && {
          ...before,
          publications: before.publications.map((item) => (item.id === changed.id ? changed : item)),
        },
    );
}

/** Deletes a publication on its network. */
export function useRemove(post: string) {
  const { workspace } = useSession();
  const put = usePutPublication(post);
  return useMutation({
    mutationFn: (id: string) =>
      call(
        api.POST("/api/v1/workspaces/{workspace}/publications/{id}/remove", {
          params: { path: { workspace: workspace.id, id } },
        }),
      ),
    onSuccess: put,
  });
}

/** Gives publications of a post other words on their networks, one after another. */
export function useEditPublished(post: string) {
  const { workspace } = useSession();
  const put = usePutPublication(post);
  return useMutation({
    mutationFn: async ({ publications, parts }: { publications: string[]; parts: NewPart[] }) => {
      for (const id of publications) {
        put(
          await call(
            api.POST("/api/v1/workspaces/{workspace}/publications/{id}/edit", {
              params: { path: { workspace: workspace.id, id } },
              body: { parts },
            }),
          ),
        );
      }
    },
  });
}
