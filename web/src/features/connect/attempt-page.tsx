import { Skeleton, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { keys } from "@/api/keys";
import type { AttemptState, AttemptView } from "@/api/types";
import { useNetworkMap } from "@/app/queries";
import { queryClient } from "@/app/query-client";
import { useSession } from "@/app/session";
import { History } from "@/components/history";
import { Page } from "@/components/page";
import { ProblemView } from "@/components/problem-view";
import { t as words } from "@/i18n";
import { ConfirmView } from "./attempt-confirm";
import { ConnectedView } from "./attempt-done";
import { FailedView } from "./attempt-failed";
import { ChoosingView, WaitingView, WorkingView } from "./attempt-open";
import classes from "./attempt-page.module.css";
import { attemptQuery, isFinal } from "./queries";

/** One handshake from leaving to its outcome, wherever it is finished. */
export function AttemptPage() {
  const { t } = useTranslation();
  const { attempt: id } = useParams({ from: "/signed-in/connect/$attempt" });
  const session = useSession();
  const others = session.workspaces.map((item) => item.id).filter((item) => item !== session.workspace.id);
  const query = useQuery({
    ...attemptQuery([session.workspace.id, ...others], id),
    staleTime: 0,
    // Live events tell at once; the poll is for when they cannot.
    refetchInterval: ({ state }) => (state.data && isFinal(state.data.attempt.state) ? false : 3000),
  });
  const found = query.data;
  const { switchTo } = session;

  useEffect(() => {
    if (found && found.workspace !== session.workspace.id) switchTo(found.workspace);
  }, [found, session.workspace.id, switchTo]);

  const state = found?.attempt.state;
  useEffect(() => {
    if (!state || !isFinal(state)) return;
    void queryClient.invalidateQueries({ queryKey: keys.channels(session.workspace.id) });
    void queryClient.invalidateQueries({ queryKey: keys.openAttempts(session.workspace.id) });
  }, [state, session.workspace.id]);

  const networks = useNetworkMap();
  if (query.error && !found) {
    return (
      <Page title={t("connect.failed.title")} width="narrow">
        <ProblemView error={query.error} onRetry={() => query.refetch()} retrying={query.isFetching} />
      </Page>
    );
  }
  if (!found) {
    return (
      <Page title={t("common.loading")} width="narrow">
        <Stack aria-hidden>
          <Skeleton h={24} w="60%" />
          <Skeleton h={160} />
        </Stack>
      </Page>
    );
  }
  const { attempt } = found;
  const network = networks.get(attempt.network)?.name ?? attempt.network;
  return (
    <Page title={titleOf(attempt, network)} width="narrow">
      <Stack gap="xl">
        <div aria-live="polite">
          <View attempt={attempt} network={network} />
        </div>
        {attempt.events.length > 0 && (
          <details open={attempt.state !== "connected"} className={classes.history}>
            <summary>
              <Text span fw={650}>
                {t("connect.history")}
              </Text>
            </summary>
            <History items={attempt.events} />
          </details>
        )}
      </Stack>
    </Page>
  );
}

function View({ attempt, network }: { attempt: AttemptView; network: string }) {
  switch (attempt.state) {
    case "started":
    case "away":
      return <WaitingView attempt={attempt} network={network} />;
    case "returned":
    case "exchanging":
    case "identified":
      return <WorkingView attempt={attempt} />;
    case "choosing":
      return <ChoosingView attempt={attempt} />;
    case "confirming":
      return <ConfirmView attempt={attempt} />;
    case "connected":
      return <ConnectedView attempt={attempt} />;
    default:
      return <FailedView attempt={attempt} />;
  }
}

function titleOf(attempt: AttemptView, network: string): string {
  const name = attempt.account?.name ?? network;
  const titles: Record<AttemptState, string> = {
    started: words("connect.wait.title", { network }),
    away: words("connect.wait.title", { network }),
    returned: words("connect.work.title", { network }),
    exchanging: words("connect.work.title", { network }),
    identified: words("connect.work.title", { network }),
    choosing: words("connect.choosing.title"),
    confirming: words("connect.confirm.title"),
    connected: words(attempt.purpose === "reconnect" ? "connect.done.reconnected" : "connect.done.title", {
      name,
    }),
    failed: words("connect.failed.title"),
    expired: words("connect.failed.expired"),
    superseded: words("connect.failed.superseded"),
    cancelled: words("connect.failed.cancelled"),
  };
  return titles[attempt.state];
}
