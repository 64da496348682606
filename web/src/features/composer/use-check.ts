import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, call } from "@/api/client";
import { keys } from "@/api/keys";
import type { PostCheck } from "@/api/types";
import { useSession } from "@/app/session";
import { asInput, type Written } from "./model";

const PAUSE = 300;

export interface Check {
  data: PostCheck | undefined;
  /** The check does not speak of what is written now. */
  stale: boolean;
  error: unknown;
  retry: () => void;
}

/** What the server says of the draft, a moment after the typing stops. A check that is overtaken is aborted. */
export function useCheck(input: Written): Check {
  const { workspace } = useSession();
  const text = JSON.stringify(input);
  const [settled] = useDebouncedValue(text, PAUSE);
  const query = useQuery({
    queryKey: keys.check(workspace.id, settled),
    enabled: input.channels.length > 0,
    staleTime: 30_000,
    gcTime: 30_000,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      call(
        api.POST("/api/v1/workspaces/{workspace}/posts/check", {
          params: { path: { workspace: workspace.id } },
          body: asInput(JSON.parse(settled) as Written),
          signal,
        }),
      ),
  });
  const none = input.channels.length === 0;
  return {
    data: none ? undefined : query.data,
    stale: !none && (settled !== text || query.isPlaceholderData || query.isPending),
    error: none ? null : query.error,
    retry: () => void query.refetch(),
  };
}
