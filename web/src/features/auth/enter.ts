import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { keys } from "@/api/keys";
import type { Me } from "@/api/types";

/** A sign-in or sign-up: on success the session is known and the person stands where they wanted to be. */
export function useEnter<Input>(send: (input: Input) => Promise<Me>, to: string) {
  const client = useQueryClient();
  const router = useRouter();
  return useMutation({
    mutationFn: send,
    onSuccess: async (me) => {
      client.removeQueries({ queryKey: ["ws"] });
      client.setQueryData(keys.me, me);
      await client.invalidateQueries({ queryKey: keys.server });
      // The fragment of the page that asked to sign in stands in the sign-in page's address.
      router.history.replace(to + window.location.hash);
    },
  });
}
