import type { QueryClient } from "@tanstack/react-query";
import { channelsQuery } from "@/app/queries";
import { storage } from "@/app/storage";

export const firstRunKey = (user: string) => `crier.first-run.${user}`;

/** Whether home is the first run: a workspace without a channel, and the person has not put the steps away. */
export async function startsAtWelcome(client: QueryClient, user: string, workspace: string | undefined) {
  if (!workspace || storage.get(firstRunKey(user)) !== null) return false;
  try {
    return (await client.ensureQueryData(channelsQuery(workspace))).length === 0;
  } catch {
    // The calendar asks again and shows what went wrong.
    return false;
  }
}
