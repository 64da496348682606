import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useMemo } from "react";
import { keys } from "@/api/keys";
import type { Invitation } from "@/api/types";
import { type Session, SessionContext } from "@/app/session";
import { GUEST } from "@/features/connect/queries";

/**
 * Lets the pages of the handshake work for somebody without an account: in place of a workspace's id stands `GUEST`, its
 * name is the inviting workspace's, and the networks are those of the invitation.
 */
export function GuestSession({ invitation, children }: { invitation: Invitation; children: ReactNode }) {
  const client = useQueryClient();
  const session = useMemo((): Session => {
    client.setQueryData(keys.networks(GUEST), invitation.networks);
    const time_zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const workspace = { id: GUEST, name: invitation.workspace, role: "viewer", time_zone } as const;
    return {
      user: {
        id: GUEST,
        name: "",
        email: "",
        is_admin: false,
        time_zone,
        clock: "h24",
        week_start: "monday",
      },
      workspace,
      workspaces: [workspace],
      switchTo: () => undefined,
    };
  }, [client, invitation]);
  return <SessionContext.Provider value={session}>{children}</SessionContext.Provider>;
}
