import { queryOptions, useQuery, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { createContext, useContext } from "react";
import { api, call } from "@/api/client";
import { keys } from "@/api/keys";
import { Problem } from "@/api/problem";
import type { Me, User, Workspace } from "@/api/types";
import { storage } from "./storage";

/** Who is signed in; null when nobody is. */
export const meQuery = queryOptions({
  queryKey: keys.me,
  staleTime: 5 * 60_000,
  queryFn: async ({ signal }): Promise<Me | null> => {
    try {
      return await call(api.GET("/api/v1/auth/me", { signal }));
    } catch (error) {
      if (error instanceof Problem && error.status === 401) return null;
      throw error;
    }
  },
});

export const serverQuery = queryOptions({
  queryKey: keys.server,
  staleTime: 60_000,
  queryFn: ({ signal }) => call(api.GET("/api/v1/server", { signal })),
});

export interface Session {
  user: User;
  workspace: Workspace;
  workspaces: Workspace[];
  switchTo: (workspace: string) => void;
}

export const SessionContext = createContext<Session | null>(null);

const WORKSPACE_KEY = "crier.workspace";

export function rememberedWorkspace(me: Me): Workspace | undefined {
  const remembered = storage.get(WORKSPACE_KEY);
  return me.workspaces.find((workspace) => workspace.id === remembered) ?? me.workspaces[0];
}

export function rememberWorkspace(id: string) {
  storage.set(WORKSPACE_KEY, id);
}

/** The signed-in person and workspace; only below the signed-in layout. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error("useSession needs the signed-in layout");
  return session;
}

export function useServer() {
  return useQuery(serverQuery);
}

export function useMe() {
  return useSuspenseQuery(meQuery).data;
}

/** Forgets everything of the person who was signed in. */
export function useForgetSession() {
  const client = useQueryClient();
  return () => {
    client.removeQueries({ queryKey: ["ws"] });
    client.removeQueries({ queryKey: keys.sessions });
    client.removeQueries({ queryKey: ["apps"] });
    client.removeQueries({ queryKey: ["attempt-log"] });
    client.setQueryData(keys.me, null);
  };
}

/** A path of our own to go to after signing in; anything else (another host, a scheme) is refused. */
export function safeNext(next: unknown): string | undefined {
  if (typeof next !== "string" || !next.startsWith("/") || next.startsWith("//") || next.includes("\\"))
    return undefined;
  try {
    const base = "http://crier.invalid";
    const url = new URL(next, base);
    return url.origin === base ? url.pathname + url.search + url.hash : undefined;
  } catch {
    return undefined;
  }
}
