import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { AttemptView } from "@/api/types";
import { useNetworkMap } from "@/app/queries";
import { useSession } from "@/app/session";
import { attemptPage, attempts, GUEST, wayOf } from "./queries";

/** The same handshake from the start: straight to the network, bot or extension where nothing is typed, else to its form. */
export function useStartAgain(attempt: AttemptView) {
  const { workspace } = useSession();
  const navigate = useNavigate();
  const network = useNetworkMap().get(attempt.network);
  return useMutation({
    mutationFn: async () => {
      const channel = attempt.purpose === "reconnect" ? (attempt.channel_id ?? undefined) : undefined;
      const instance = attempt.instance ?? undefined;
      const way = attempt.way;
      // Without a way that is known, the form tells what there is.
      if ((wayOf(network, way)?.connect ?? "form") !== "form") {
        const next = await attempts.start(workspace.id, { network: attempt.network, way, instance, channel });
        if (next.authorize_url) window.location.assign(next.authorize_url);
        else await navigate({ to: attemptPage(workspace.id), params: { attempt: next.id } });
        return;
      }
      if (workspace.id === GUEST) {
        await navigate({ to: "/invite", search: { network: attempt.network } });
        return;
      }
      await navigate({
        to: "/channels/add/$network",
        params: { network: attempt.network },
        search: { channel, instance, way },
      });
    },
  });
}
