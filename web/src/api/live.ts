import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { keys } from "./keys";

/** What an event of the stream says; `data` by kind. */
export interface LiveEvent {
  kind: string;
  subject?: string;
  at?: string;
  data?: Record<string, unknown>;
}

export const KINDS = [
  "post.saved",
  "post.deleted",
  "publication.changed",
  "channel.changed",
  "workspace.changed",
  "attempt.changed",
  "invite.changed",
  "notice.new",
  "webhook.changed",
  "media.saved",
  "media.deleted",
  "media.converting",
  "slots.changed",
  "evergreen.changed",
] as const;

/** The queries an event makes stale. */
export function staleAfter(workspace: string, event: LiveEvent): readonly (readonly unknown[])[] {
  const id = (name: string) => {
    const value = event.data?.[name] ?? event.subject;
    return typeof value === "string" ? value : "";
  };
  switch (event.kind) {
    case "post.saved":
    case "post.deleted":
    case "publication.changed":
      return [
        keys.posts(workspace),
        keys.post(workspace, id("post_id")),
        keys.slots(workspace),
        keys.evergreens(workspace),
        ...(event.kind === "publication.changed" ? [keys.channels(workspace)] : []),
      ];
    case "channel.changed":
      return [keys.channels(workspace)];
    case "workspace.changed":
      return [keys.me];
    case "attempt.changed":
      return [keys.attempts(workspace), keys.channels(workspace)];
    case "invite.changed":
      return [keys.invites(workspace)];
    case "notice.new":
      return [keys.notices(workspace)];
    case "webhook.changed":
      return [keys.webhook(workspace)];
    case "slots.changed":
      return [keys.slots(workspace)];
    case "evergreen.changed":
      return [keys.evergreens(workspace)];
    case "media.converting":
      return [keys.conversion(workspace, id("media_id"))];
    case "media.saved":
    case "media.deleted":
      return [keys.media(workspace)];
    default:
      return [];
  }
}

/** How far the making of another file has come is told by events alone; nothing can be asked for it. */
function keepConversion(client: QueryClient, workspace: string, { data }: LiveEvent) {
  if (typeof data?.media_id !== "string" || typeof data.percent !== "number") return;
  client.setQueryData(keys.conversion(workspace, data.media_id), data.percent < 100 ? data.percent : null);
}

/** Collects stale queries for a moment, so that a burst of events costs one refetch. */
export function staleCollector(client: QueryClient, wait = 250) {
  const pending = new Map<string, readonly unknown[]>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    timer = undefined;
    for (const queryKey of pending.values()) void client.invalidateQueries({ queryKey });
    pending.clear();
  };
  return {
    add(list: readonly (readonly unknown[])[]) {
      for (const key of list) pending.set(JSON.stringify(key), key);
      timer ??= setTimeout(flush, wait);
    },
    stop() {
      clearTimeout(timer);
      pending.clear();
    },
  };
}

/** Milliseconds since the page asked for anything, which the stream goes back: else what changed between would be told by nobody. */
const sinceNavigation = () => Math.min(Math.ceil(performance.now()) + 1000, 60_000);

/**
 * Opens the workspace's event stream. HTTP/1.1 allows six connections a host over all tabs, so one tab holds the
 * stream (by a lock that passes on when it closes) and tells the others.
 */
function openStream(workspace: string, heard: (event: LiveEvent) => void, resumed: () => void): () => void {
  const stop = new AbortController();
  const channel = "BroadcastChannel" in window ? new BroadcastChannel(`crier-live-${workspace}`) : null;
  if (channel) channel.onmessage = (message) => heard(message.data as LiveEvent);

  const hold = () =>
    new Promise<void>((done) => {
      // The lock may be granted at the moment it is no longer wanted.
      if (stop.signal.aborted) return done();
      const source = new EventSource(`/api/v1/workspaces/${workspace}/events?back_ms=${sinceNavigation()}`);
      let lost = false;
      source.onopen = () => {
        if (lost) resumed();
        lost = false;
      };
      source.onerror = () => {
        lost = true;
      };
      for (const kind of KINDS) {
        source.addEventListener(kind, (message) => {
          let event: LiveEvent;
          try {
            event = { kind, ...(JSON.parse((message as MessageEvent<string>).data) as object) };
          } catch {
            return;
          }
          heard(event);
          channel?.postMessage(event);
        });
      }
      stop.signal.addEventListener("abort", () => {
        source.close();
        done();
      });
    });

  // Locks exist only in secure contexts; without them every tab has a stream of its own.
  if (channel && navigator.locks) {
    navigator.locks
      .request(`crier-live-${workspace}`, { signal: stop.signal }, hold)
      .catch((error: unknown) => {
        if (!stop.signal.aborted) throw error;
      });
  } else {
    void hold();
  }
  return () => {
    stop.abort();
    channel?.close();
  };
}

/** Keeps the query cache in step with what other tabs, members and the engine do. */
export function useLive(workspace: string) {
  const client = useQueryClient();
  useEffect(() => {
    const collector = staleCollector(client);
    const close = openStream(
      workspace,
      (event) => {
        if (event.kind === "media.converting") keepConversion(client, workspace, event);
        collector.add(staleAfter(workspace, event));
      },
      () => collector.add([keys.me, keys.workspace(workspace)]),
    );
    return () => {
      close();
      collector.stop();
    };
  }, [client, workspace]);
}
