import { useQueryClient } from "@tanstack/react-query";
import { useNavigate, useRouter } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import { onSignedOut } from "@/api/client";
import { keys } from "@/api/keys";
import { LoadingPage } from "./fallbacks";
import { rememberedWorkspace, rememberWorkspace, type Session, SessionContext, useMe } from "./session";
import { Shell } from "./shell";

/** The signed-in layout: gives its pages the session and leaves for the sign-in page when that ends. */
export function SignedIn() {
  const me = useMe();
  const client = useQueryClient();
  const navigate = useNavigate();
  const router = useRouter();
  const [chosen, setChosen] = useState<string | null>(null);

  useEffect(() => onSignedOut(() => client.setQueryData(keys.me, null)), [client]);

  useEffect(() => {
    if (me) return;
    const { pathname, searchStr, hash } = router.state.location;
    void navigate({ to: "/sign-in", search: { next: pathname + searchStr }, hash, replace: true });
  }, [me, navigate, router]);

  const session = useMemo((): Session | null => {
    if (!me) return null;
    const workspace = me.workspaces.find((item) => item.id === chosen) ?? rememberedWorkspace(me);
    if (!workspace) return null;
    return {
      user: me.user,
      workspace,
      workspaces: me.workspaces,
      switchTo: (id) => {
        rememberWorkspace(id);
        setChosen(id);
      },
    };
  }, [me, chosen]);

  if (!session) return <LoadingPage />;
  return (
    <SessionContext.Provider value={session}>
      <Shell key={session.workspace.id} />
    </SessionContext.Provider>
  );
}
