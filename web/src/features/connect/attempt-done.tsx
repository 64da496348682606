import { Button, Code, Group, List, Paper, Stack, Text, Title } from "@mantine/core";
import { IconCircleCheck, IconExternalLink, IconPencilPlus, IconPlus } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { AttemptView } from "@/api/types";
import { useChannelMap, useNetworkMap } from "@/app/queries";
import { useServer } from "@/app/session";
import { ChannelAvatar } from "@/components/channel-avatar";
import { ButtonLink } from "@/components/links";
import { wayOf } from "./queries";

/** Ended in a channel: what was granted, what was not, and the next clicks. */
export function ConnectedView({ attempt }: { attempt: AttemptView }) {
  const { t } = useTranslation();
  const channel = useChannelMap().get(attempt.channel_id ?? "");
  const network = useNetworkMap().get(attempt.network);
  const server = useServer();
  return (
    <Stack gap="lg">
      <Paper withBorder p="md">
        <Group wrap="nowrap">
          {channel ? (
            <ChannelAvatar channel={channel} network={network} size={44} />
          ) : (
            <IconCircleCheck size={32} aria-hidden />
          )}
          <div style={{ minWidth: 0 }}>
            <Text fw={600} style={{ overflowWrap: "anywhere" }}>
              {channel?.name ?? attempt.account?.name}
            </Text>
            <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
              {channel?.handle ?? attempt.account?.handle} · {network?.name ?? attempt.network}
            </Text>
          </div>
        </Group>
      </Paper>
      <Group gap="xs">
        <ButtonLink
          to="/posts/new"
          search={{ channels: attempt.channel_id ?? undefined }}
          leftSection={<IconPencilPlus size={18} aria-hidden />}
        >
          {t("connect.done.write")}
        </ButtonLink>
        <ButtonLink to="/channels/add" variant="default" leftSection={<IconPlus size={18} aria-hidden />}>
          {t("connect.done.another")}
        </ButtonLink>
        {attempt.channel_id && (
          <ButtonLink to="/channels/$channel" params={{ channel: attempt.channel_id }} variant="default">
            {t("connect.done.channel")}
          </ButtonLink>
        )}
        {attempt.network === "playground" && server.data?.playground_url && (
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
