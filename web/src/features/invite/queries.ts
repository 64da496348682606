import { queryOptions } from "@tanstack/react-query";
import { api, call } from "@/api/client";
import { keys } from "@/api/keys";

/** The invitation that is open in this browser. */
export const invitationQuery = queryOptions({
  queryKey: keys.invitation,
  staleTime: 30_000,
  retry: false,
  queryFn: ({ signal }) => call(api.GET("/api/v1/invite", { signal })),
});

/** Opens a link: from then on the browser's cookie stands for its token. */
export const openInvite = (token: string) => call(api.POST("/api/v1/invite/open", { body: { token } }));

/** The token of an invite link, given whole or as what is behind its `#`. */
export function tokenOf(link: string): string | null {
  const token = link.trim().replace(/^.*#/s, "");
  return /^[\w-]{43}$/.test(token) ? token : null;
}
