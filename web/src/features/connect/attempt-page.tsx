import "@/i18n/connecting";
import { Skeleton, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { keys } from "@/api/keys";
import type { AttemptState, AttemptView } from "@/api/types";
import { useChannelMap, useNetworkMap } from "@/app/queries";
import { queryClient } from "@/app/query-client";
import { useSession } from "@/app/session";
import { History } from "@/components/history";
import { Page } from "@/components/page";
import { ProblemView } from "@/components/problem-view";
import { i18n } from "@/i18n";
import { ConfirmView } from "./attempt-confirm";
import { ConnectedView } from "./attempt-done";
import { FailedView } from "./attempt-failed";
import { WaitingView, WorkingView } from "./attempt-open";
import classes from "./attempt-page.module.css";
import { ChoosingView } from "./choosing-view";
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
  const channels = useChannelMap();
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
  // Of a page that was chosen rather than of who signed in.
  const became = attempt.state === "connected" ? channels.get(attempt.channel_id ?? "") : undefined;
  const name = became?.name ?? attempt.account?.name ?? network;
  return (
    <Page title={titleOf(attempt, network, name)} width="narrow">
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
      return <ChoosingView attempt={attempt} network={network} />;
    case "confirming":
      return <ConfirmView attempt={attempt} />;
    case "connected":
      return <ConnectedView attempt={attempt} />;
    default:
      return <FailedView attempt={attempt} />;
  }
}

function connectedTitle(attempt: AttemptView, name: string): string {
  const again = attempt.purpose === "reconnect";
  const count = attempt.channels.length;
  if (count < 2) return i18n.t(again ? "connect.done.reconnected" : "connect.done.title", { name });
  if (again) return i18n.t("connect.done.manyAgain", { count });
  return i18n.t("connect.done.many", { count });
}

function titleOf(attempt: AttemptView, network: string, name: string): string {
  const titles: Record<AttemptState, string> = {
    started: i18n.t("connect.wait.title", { network }),
    away: i18n.t("connect.wait.title", { network }),
    returned: i18n.t("connect.work.title", { network }),
    exchanging: i18n.t("connect.work.title", { network }),
    identified: i18n.t("connect.work.title", { network }),
    choosing: i18n.t("connect.choosing.title"),
    confirming: i18n.t("connect.confirm.title"),
    connected: connectedTitle(attempt, name),
    failed: i18n.t("connect.failed.title"),
    expired: i18n.t("connect.failed.expired"),
    superseded: i18n.t("connect.failed.superseded"),
    cancelled: i18n.t("connect.failed.cancelled"),
  };
  return titles[attempt.state];
}
