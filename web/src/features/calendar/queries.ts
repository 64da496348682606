import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, call } from "@/api/client";
import { keys } from "@/api/keys";
import type { PostSummary, PublicationState } from "@/api/types";

/** The most that the server gives at a time. */
const PAGE = 100;

interface Wanted {
  from?: string;
  to?: string;
  state?: PublicationState;
}

/** Every page of what is asked for. */
async function everyPost(workspace: string, wanted: Wanted, signal: AbortSignal): Promise<PostSummary[]> {
  const posts: PostSummary[] = [];
  let cursor: string | undefined;
  do {
    const page = await call(
      api.GET("/api/v1/workspaces/{workspace}/posts", {
        params: { path: { workspace }, query: { ...wanted, limit: PAGE, ...(cursor && { cursor }) } },
        signal,
      }),
    );
    posts.push(...page.items);
    cursor = page.next_cursor ?? undefined;
  } while (cursor);
  return posts;
}

/** The posts due from one instant up to, but not including, another. */
export const rangeQuery = (workspace: string, from: string, to: string) =>
  queryOptions({
    queryKey: keys.range(workspace, from, to),
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => everyPost(workspace, { from, to }, signal),
  });

/** The drafts that have no time yet, newest first; they are on no day of the calendar. */
export const draftsQuery = (workspace: string) =>
  queryOptions({
    queryKey: keys.drafts(workspace),
    queryFn: async ({ signal }) => {
      const drafts = await everyPost(workspace, { state: "draft" }, signal);
      return drafts.filter((post) => !post.due_at).sort((a, b) => (a.id < b.id ? 1 : -1));
    },
  });
