import "@/i18n/connecting";
import { Button, Code, Group, List, Paper, Stack, Text, Title } from "@mantine/core";
import { IconCircleCheck, IconExternalLink, IconPencilPlus, IconPlus } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { AttemptView, Diagnosis } from "@/api/types";
import { useChannelMap, useNetworkMap } from "@/app/queries";
import { useServer } from "@/app/session";
import { ChannelAvatar } from "@/components/channel-avatar";
import { DiagnosisView } from "@/components/diagnosis-view";
import { AnchorLink, ButtonLink } from "@/components/links";
import { ProblemView } from "@/components/problem-view";
import classes from "./attempt-done.module.css";
import { wayOf } from "./queries";
import { useStartAgain } from "./use-start-again";

/** Ended in a channel: what was granted, what was not, and the next clicks. */
export function ConnectedView({ attempt }: { attempt: AttemptView }) {
  const { t } = useTranslation();
  const network = useNetworkMap().get(attempt.network);
  const server = useServer();
  const ids = attempt.channels.length > 0 ? attempt.channels : [attempt.channel_id ?? ""];
  const several = ids.length > 1;
  return (
    <Stack gap="lg">
      <Stack gap="xs" component="ul" className={classes.list}>
        {ids.map((id) => (
          <ConnectedChannel key={id} id={id} attempt={attempt} link={several} />
        ))}
      </Stack>
      <Group gap="xs">
        <ButtonLink
          to="/posts/new"
          search={{ channels: ids.join(",") || undefined }}
          leftSection={<IconPencilPlus size={18} aria-hidden />}
        >
          {t("connect.done.write")}
        </ButtonLink>
        <ButtonLink to="/channels/add" variant="default" leftSection={<IconPlus size={18} aria-hidden />}>
          {t("connect.done.another")}
        </ButtonLink>
        {attempt.channel_id && !several && (
          <ButtonLink to="/channels/$channel" params={{ channel: attempt.channel_id }} variant="default">
            {t("connect.done.channel")}
          </ButtonLink>
        )}
        {attempt.network.startsWith("playground") && server.data?.playground_url && (
          <Button
            component="a"
            href={server.data.playground_url}
            target="_blank"
            rel="noreferrer"
            variant="default"
            leftSection={<IconExternalLink size={18} aria-hidden />}
          >
            {t("connect.done.playground")}
          </Button>
        )}
      </Group>
      {attempt.diagnosis && <LeftOut attempt={attempt} diagnosis={attempt.diagnosis} />}
      {attempt.missing.length > 0 && <Missing attempt={attempt} />}
      {attempt.granted.length > 0 && (
        <section>
          <Title order={2} size="h4" mb={4}>
            {t("connect.done.granted")}
          </Title>
          <List size="sm" spacing={4}>
            {attempt.granted.map((id) => {
              const why = wayOf(network, attempt.way)?.scopes.find((scope) => scope.id === id)?.why;
              return (
                <List.Item key={id}>
                  {why && `${why} `}
                  <Code>{id}</Code>
                </List.Item>
              );
            })}
          </List>
        </section>
      )}
    </Stack>
  );
}

function ConnectedChannel({ id, attempt, link }: { id: string; attempt: AttemptView; link: boolean }) {
  const channel = useChannelMap().get(id);
  const network = useNetworkMap().get(attempt.network);
  const name = channel?.name ?? attempt.account?.name;
  return (
    <Paper withBorder p="md" component="li">
      <Group wrap="nowrap">
        {channel ? (
          <ChannelAvatar channel={channel} network={network} size={44} />
        ) : (
          <IconCircleCheck size={32} aria-hidden />
        )}
        <div className={classes.words}>
          <Text fw={600}>
            {link ? (
              <AnchorLink to="/channels/$channel" params={{ channel: id }} inherit>
                {name}
              </AnchorLink>
            ) : (
              name
            )}
          </Text>
          <Text size="sm" c="dimmed">
            {channel?.handle ?? attempt.account?.handle} · {network?.name ?? attempt.network}
          </Text>
        </div>
      </Group>
    </Paper>
  );
}

/** What was ticked and refused by the network, while the rest was connected. */
function LeftOut({ attempt, diagnosis }: { attempt: AttemptView; diagnosis: Diagnosis }) {
  const { t } = useTranslation();
  const again = useStartAgain(attempt);
  return (
    <section>
      <Title order={2} size="h4" mb="xs">
        {t("connect.done.leftOut")}
      </Title>
      <DiagnosisView
        diagnosis={diagnosis}
        headingOrder={3}
        onNext={diagnosis.next.kind === "open" ? undefined : () => again.mutate()}
        busy={again.isPending}
      />
      {again.error && <ProblemView error={again.error} />}
    </section>
  );
}

function Missing({ attempt }: { attempt: AttemptView }) {
  const { t } = useTranslation();
  return (
    <section>
      <Title order={2} size="h4" mb={4}>
        {t("connect.done.missing")}
      </Title>
      <Text size="sm" mb="xs">
        {t("connect.done.missingText")}
      </Text>
      <List size="sm" spacing={4} mb="sm">
        {attempt.missing.map((scope) => (
          <List.Item key={scope.id}>
            {scope.why} <Code>{scope.id}</Code>{" "}
            {scope.required && <strong>{t("connect.done.missingRequired")}</strong>}
          </List.Item>
        ))}
      </List>
      {attempt.channel_id && (
        <ButtonLink
          to="/channels/add/$network"
          params={{ network: attempt.network }}
          search={{ channel: attempt.channel_id, instance: attempt.instance ?? undefined, way: attempt.way }}
          variant="default"
          size="xs"
        >
          {t("connect.done.reconnect")}
        </ButtonLink>
      )}
    </section>
  );
}
