import { Badge, Button, Skeleton, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { Session } from "@/api/types";
import { useFormat } from "@/app/format";
import { ProblemView } from "@/components/problem-view";
import { toast } from "@/components/toast";
import classes from "./list.module.css";
import { sessionsQuery, useRevokeSession } from "./queries";
import { browserOf } from "./user-agent";

/** Where one is signed in; any but this one can be signed out from here. */
export function SessionsList() {
  const sessions = useQuery(sessionsQuery);
  if (sessions.error) return <ProblemView error={sessions.error} onRetry={() => sessions.refetch()} />;
  if (!sessions.data) return <Skeleton h={64} aria-hidden />;
  return (
    <ul className={classes.list}>
      {[...sessions.data]
        .sort((a, b) => Number(b.current) - Number(a.current) || b.last_seen_at.localeCompare(a.last_seen_at))
        .map((session) => (
          <Row key={session.id} session={session} />
        ))}
    </ul>
  );
}

function Row({ session }: { session: Session }) {
  const { t } = useTranslation();
  const format = useFormat();
  const revoke = useRevokeSession();
  const known = browserOf(session.user_agent);
  const name =
    known?.browser && known.system
      ? t("settings.sessions.browserOn", { browser: known.browser, system: known.system })
      : (known?.browser ?? known?.system ?? session.user_agent) || t("settings.sessions.unknown");
  return (
    <li className={classes.row}>
      <Stack gap={0} miw={0}>
        <Text size="sm" fw={600} className={classes.clip} title={session.user_agent}>
          {name}
        </Text>
        <Text size="xs" c="dimmed">
          {session.current
            ? t("settings.sessions.since", { when: format.dateTime(session.created_at) })
            : t("settings.sessions.seen", {
                when: format.relative(session.last_seen_at),
                since: format.date(session.created_at),
              })}
        </Text>
      </Stack>
      {session.current ? (
        <Badge variant="outline" color="gray" tt="none" className={classes.badge}>
          {t("settings.sessions.current")}
        </Badge>
      ) : (
        <Button
          size="xs"
          variant="default"
          loading={revoke.isPending}
          onClick={() =>
            revoke.mutate(session.id, {
              onSuccess: () => toast.done(t("settings.sessions.revoked")),
              onError: (error) => toast.failed(error),
            })
          }
          aria-label={t("settings.sessions.revokeOf", { name })}
        >
          {t("settings.sessions.revoke")}
        </Button>
      )}
    </li>
  );
}
