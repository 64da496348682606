import { useMutation, useQueryClient } from "@tanstack/react-query";
import { keys } from "@/api/keys";
import type { AttemptView } from "@/api/types";
import { useSession } from "@/app/session";

/** A step on an attempt whose answer is the attempt itself. */
export function useAttemptAction<Input = void>(
  send: (workspace: string, input: Input) => Promise<AttemptView>,
) {
  const { workspace } = useSession();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (input: Input) => send(workspace.id, input),
    onSuccess: (attempt) => {
      client.setQueryData(keys.attempt(workspace.id, attempt.id), { workspace: workspace.id, attempt });
      void client.invalidateQueries({ queryKey: keys.openAttempts(workspace.id) });
    },
  });
}
