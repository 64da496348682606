import { Skeleton, Stack, Text } from "@mantine/core";
import { IconLink, IconPlugConnected, IconPlus } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Channel, Network } from "@/api/types";
import { useFormat } from "@/app/format";
import { useChannels, useNetworkMap } from "@/app/queries";
import { useSession } from "@/app/session";
import { ChannelAvatar } from "@/components/channel-avatar";
import { Empty } from "@/components/empty";
import { AnchorLink, ButtonLink } from "@/components/links";
import { Page } from "@/components/page";
import { ProblemView } from "@/components/problem-view";
import { ChannelStateBadge } from "@/components/state-badge";
import { managesWorkspace } from "@/features/settings/workspace-form";
import classes from "./list-page.module.css";
import { useTokenWords } from "./token-words";

export function ChannelsPage() {
  const { t } = useTranslation();
  const channels = useChannels();
  const networks = useNetworkMap();
  const { workspace } = useSession();
  const add = (
    <ButtonLink to="/channels/add" leftSection={<IconPlus size={18} aria-hidden />}>
      {t("channels.add")}
    </ButtonLink>
  );
  return (
    <Page
      title={t("channels.title")}
      lead={t("channels.lead")}
      actions={
        <>
          <ButtonLink
            to="/channels/invites"
            variant="default"
            leftSection={<IconLink size={18} aria-hidden />}
          >
            {t("channels.invites")}
          </ButtonLink>
          {channels.data?.length ? add : null}
        </>
      }
      width="reading"
    >
      {channels.error && <ProblemView error={channels.error} onRetry={() => channels.refetch()} />}
      {channels.isPending && (
        <Stack gap="xs" aria-hidden>
          {[1, 2, 3].map((key) => (
            <Skeleton key={key} h={74} radius="md" />
          ))}
        </Stack>
      )}
      {channels.data?.length === 0 && (
        <Empty
          icon={<IconPlugConnected size={40} />}
          title={t("channels.emptyTitle")}
          text={t("channels.emptyText")}
        >
          {add}
        </Empty>
      )}
      {channels.data && channels.data.length > 0 && (
        <ul className={classes.list}>
          {inOrderOfNeed(channels.data).map((channel) => (
            <Row key={channel.id} channel={channel} network={networks.get(channel.network)} />
          ))}
        </ul>
      )}
      {managesWorkspace(workspace.role) && (
        <AnchorLink to="/channels/attempts" size="sm" mt="md" display="inline-block">
          {t("channels.log")}
        </AnchorLink>
      )}
    </Page>
  );
}

/** The server of networks that are many, where the handle does not say it already. */
function hostBeside({ instance, handle }: Channel): string {
  const host = instance?.replace(/^https?:\/\//, "") ?? "";
  return host && !handle.includes(host) ? ` · ${host}` : "";
}

const NEED = { needs_reconnect: 0, active: 1, disabled: 2 } as const;

/** What calls for somebody first, then by name. */
export function inOrderOfNeed(channels: Channel[]): Channel[] {
  return [...channels].sort((a, b) => NEED[a.state] - NEED[b.state] || a.name.localeCompare(b.name));
}

function Row({ channel, network }: { channel: Channel; network: Network | undefined }) {
  const { t } = useTranslation();
  const format = useFormat();
  const token = useTokenWords(channel);
  return (
    <li className={classes.row}>
      <ChannelAvatar channel={channel} network={network} size={40} />
      <div className={classes.who}>
        <AnchorLink
          to="/channels/$channel"
          params={{ channel: channel.id }}
          fw={600}
          c="inherit"
          className={classes.name}
        >
          {channel.name}
        </AnchorLink>
        <Text size="sm" c="dimmed" className={classes.clip}>
          {channel.handle} · {network?.name ?? channel.network}
          {hostBeside(channel)}
        </Text>
        {channel.reason && (
          <Text size="sm" className={classes.reason}>
            {channel.reason.title}
          </Text>
        )}
      </div>
      <dl className={classes.facts}>
        <div>
          <dt>{t("channels.token")}</dt>
          <dd>{token}</dd>
        </div>
        <div>
          <dt>{t("channels.lastOk")}</dt>
          <dd>{channel.last_ok_at ? format.relative(channel.last_ok_at) : t("common.never")}</dd>
        </div>
        <div>
          <dt>{t("channels.queued")}</dt>
          <dd>{channel.queued}</dd>
        </div>
        <div>
          <dt>{t("channels.next")}</dt>
          <dd>{channel.next_due_at ? format.relative(channel.next_due_at) : t("common.none")}</dd>
        </div>
      </dl>
      <div className={classes.state}>
        <ChannelStateBadge state={channel.state} />
        {channel.state === "needs_reconnect" && (
          <ButtonLink
            to="/channels/add/$network"
            params={{ network: channel.network }}
            search={{ channel: channel.id, instance: channel.instance ?? undefined }}
            size="xs"
          >
            {t("channels.reconnect")}
          </ButtonLink>
        )}
      </div>
    </li>
  );
}
