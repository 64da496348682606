import { useQuery } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { api, call } from "@/api/client";
import { keys } from "@/api/keys";
import type { PublicationState } from "@/api/types";
import { useChannels } from "@/app/queries";
import { useSession } from "@/app/session";
import { storage } from "@/app/storage";
import { firstRunKey } from "./start";

const listeners = new Set<() => void>();

function setDismissed(user: string) {
  storage.set(firstRunKey(user), "done");
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

const ON_ITS_WAY: readonly PublicationState[] = [
  "scheduled",
  "preparing",
  "sending",
  "published",
  "held",
  "unconfirmed",
  "failed",
];

/** The three steps, read off the workspace's data, so that they are right whichever way they were taken. */
export function useFirstRun() {
  const { user, workspace } = useSession();
  const dismissed = useSyncExternalStore(subscribe, () => storage.get(firstRunKey(user.id)) !== null);
  const channels = useChannels();
  const posts = useQuery({
    queryKey: keys.anyPost(workspace.id),
    enabled: !dismissed,
    queryFn: async ({ signal }) =>
      (
        await call(
          api.GET("/api/v1/workspaces/{workspace}/posts", {
            params: { path: { workspace: workspace.id }, query: { limit: 10 } },
            signal,
          }),
        )
      ).items,
  });
  const connected = (channels.data?.length ?? 0) > 0;
  const written = (posts.data?.length ?? 0) > 0;
  const scheduled = posts.data?.some((post) => ON_ITS_WAY.includes(post.state)) ?? false;
  const known = channels.data !== undefined && posts.data !== undefined;
  const done = connected && written && scheduled;
  return {
    connected,
    written,
    scheduled,
    done,
    loading: !known && !dismissed,
    error: channels.error ?? posts.error,
    draft: posts.data?.find((post) => post.state === "draft")?.id,
    /** Whether it still has something to offer: not put away, and not all done. */
    offered: !dismissed && known && !done,
    dismiss: () => setDismissed(user.id),
  };
}
