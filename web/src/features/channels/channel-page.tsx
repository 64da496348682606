import "@/i18n/connecting";
import "@/i18n/scheduling";
import { Anchor, Button, Code, Group, Menu, Skeleton, Stack, Text, Title } from "@mantine/core";
import { IconDotsVertical, IconPencilPlus, IconRefresh } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { Problem } from "@/api/problem";
import type { Channel } from "@/api/types";
import { useFormat } from "@/app/format";
import { useChannels, useNetworkMap } from "@/app/queries";
import { useSession } from "@/app/session";
import { ChannelAvatar } from "@/components/channel-avatar";
import { Confirm } from "@/components/confirm";
import { CopyButton } from "@/components/copy-button";
import { DiagnosisView } from "@/components/diagnosis-view";
import { History } from "@/components/history";
import { ButtonLink } from "@/components/links";
import { Page } from "@/components/page";
import { ProblemView } from "@/components/problem-view";
import { ChannelStateBadge } from "@/components/state-badge";
import { toast } from "@/components/toast";
import { wayOf } from "@/features/connect/queries";
import { managesWorkspace } from "@/features/settings/workspace-form";
import { QueueView } from "@/features/slots/queue-view";
import { SlotsForm } from "@/features/slots/slots-form";
import { CapModal } from "./cap-modal";
import classes from "./channel-page.module.css";
import { NicknameModal } from "./nickname-modal";
import { channelAttemptsQuery, useChangeChannel, useDeleteChannel } from "./queries";
import { RenameModal } from "./rename-modal";
import { useTokenWords } from "./token-words";

const ChannelNumbers = lazy(() =>
  import("@/features/numbers/channel-numbers").then((module) => ({ default: module.ChannelNumbers })),
);

const ChannelPlugs = lazy(() =>
  import("@/features/plugs/channel-plugs").then((module) => ({ default: module.ChannelPlugs })),
);

const PURPOSES = {
  new: "channels.purposeNew",
  reconnect: "channels.purposeReconnect",
  invite: "channels.purposeInvite",
} as const;

export function ChannelPage() {
  const { t } = useTranslation();
  const { channel: id } = useParams({ from: "/signed-in/channels/$channel" });
  const channels = useChannels();
  const channel = channels.data?.find((item) => item.id === id);
  if (channel) return <Loaded channel={channel} />;
  return (
    <Page title={t("channels.title")} width="reading">
      {channels.isPending ? (
        <Stack aria-hidden>
          <Skeleton h={60} />
          <Skeleton h={200} />
        </Stack>
      ) : (
        <ProblemView
          error={channels.error ?? new Problem({ status: 404, code: "http.404" })}
          onRetry={() => channels.refetch()}
          retrying={channels.isFetching}
        />
      )}
    </Page>
  );
}

function Loaded({ channel }: { channel: Channel }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { workspace } = useSession();
  const network = useNetworkMap().get(channel.network);
  const [dialog, setDialog] = useState<"rename" | "nickname" | "cap" | "delete" | null>(null);
  const change = useChangeChannel(channel.id);
  const remove = useDeleteChannel(channel.id);
  const disabled = channel.state === "disabled";
  const nickname = network?.abilities.nickname;

  const reconnect = () =>
    void navigate({
      to: "/channels/add/$network",
      params: { network: channel.network },
      search: { channel: channel.id, instance: channel.instance ?? undefined },
    });
  const toggle = () =>
    change.mutate(
      { disabled: !disabled },
      {
        onSuccess: () =>
          toast.done(t(disabled ? "channels.enabledDone" : "channels.disabledDone", { name: channel.name })),
        onError: (error) => toast.failed(error),
      },
    );

  return (
    <Page
      title={channel.name}
      width="reading"
      heading={
        <Group gap="sm" wrap="nowrap">
          <ChannelAvatar channel={channel} network={network} size={40} />
          <span>{channel.name}</span>
        </Group>
      }
      actions={
        <>
          <ButtonLink
            to="/posts/new"
            search={{ channels: channel.id }}
            leftSection={<IconPencilPlus size={18} aria-hidden />}
            disabled={disabled}
            variant={channel.state === "needs_reconnect" ? "default" : "filled"}
          >
            {t("channels.write")}
          </ButtonLink>
          <Button
            variant={channel.state === "needs_reconnect" ? "filled" : "default"}
            leftSection={<IconRefresh size={18} aria-hidden />}
            onClick={reconnect}
          >
            {t(reconnectWords(channel, wayOf(network, channel.way)?.connect))}
          </Button>
          <Menu position="bottom-end">
            <Menu.Target>
              <Button
                variant="default"
                px="xs"
                aria-label={t("common.moreActions")}
                loading={change.isPending}
              >
                <IconDotsVertical size={18} aria-hidden />
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={() => setDialog("rename")}>{t("channels.rename")} …</Menu.Item>
              {nickname && (
                <Menu.Item onClick={() => setDialog("nickname")}>{t("channels.nickname")} …</Menu.Item>
              )}
              <Menu.Item onClick={() => setDialog("cap")}>{t("channels.cap")} …</Menu.Item>
              <Menu.Item onClick={toggle}>{t(disabled ? "channels.enable" : "channels.disable")}</Menu.Item>
              <Menu.Divider />
              <Menu.Item className={classes.danger} onClick={() => setDialog("delete")}>
                {t("common.delete")} …
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </>
      }
    >
      <Stack gap="lg">
        {channel.reason && <DiagnosisView diagnosis={channel.reason} onNext={reconnect} />}
        {disabled && <Text>{t("channels.disabledNote")}</Text>}
        <Facts channel={channel} networkName={network?.name ?? channel.network} />
        <section>
          <Title order={2}>{t("slots.queueTitle")}</Title>
          <Text size="sm" c="dimmed" mb="sm">
            {t("slots.queueText")}
          </Text>
          <QueueView channel={channel.id} />
        </section>
        <section>
          <Title order={2}>{t("slots.title")}</Title>
          <Text size="sm" c="dimmed" mb="sm">
            {t("slots.text")}
          </Text>
          <SlotsForm channel={channel.id} manages={managesWorkspace(workspace.role)} />
        </section>
        <Suspense fallback={<Skeleton h={120} aria-hidden />}>
          <ChannelPlugs
            channel={channel.id}
            networkName={network?.name ?? channel.network}
            manages={managesWorkspace(workspace.role)}
          />
        </Suspense>
        <Suspense fallback={<Skeleton h={120} aria-hidden />}>
          <ChannelNumbers channel={channel.id} networkName={network?.name ?? channel.network} />
        </Suspense>
        <Connects channel={channel} />
      </Stack>
      {dialog === "cap" && <CapModal channel={channel} onClose={() => setDialog(null)} />}
      {dialog === "nickname" && nickname && (
        <NicknameModal
          channel={channel}
          networkName={network?.name ?? channel.network}
          max={nickname}
          onClose={() => setDialog(null)}
        />
      )}
      {dialog === "rename" && <RenameModal channel={channel} onClose={() => setDialog(null)} />}
      <Confirm
        opened={dialog === "delete"}
        title={t("channels.deleteTitle", { name: channel.name })}
        confirmLabel={t("common.delete")}
        danger
        busy={remove.isPending}
        error={remove.error}
        onClose={() => {
          remove.reset();
          setDialog(null);
        }}
        onConfirm={() =>
          remove.mutate(undefined, {
            onSuccess: () => {
              toast.done(t("channels.deleted", { name: channel.name }));
              void navigate({ to: "/channels" });
            },
          })
        }
      >
        {channel.queued > 0
          ? t("channels.deleteQueued", { count: channel.queued })
          : t("channels.deleteNone")}
      </Confirm>
    </Page>
  );
}

function reconnectWords(channel: Channel, connect: string | undefined) {
  if (channel.feeds) return "channels.changeFeed";
  return connect === "form" ? "channels.updateCredentials" : "channels.reconnect";
}

function Feeds({ feeds }: { feeds: NonNullable<Channel["feeds"]> }) {
  const { t } = useTranslation();
  const formats: [string, string][] = [
    ["RSS", feeds.rss],
    ["Atom", feeds.atom],
    ["JSON Feed", feeds.json],
  ];
  return (
    <Stack gap="xs">
      {formats.map(([name, address]) => (
        <Group key={name} gap="xs">
          <Anchor href={address} target="_blank" rel="noreferrer" size="sm">
            {address}
            <span className="visually-hidden"> ({t("common.opensNewTab")})</span>
          </Anchor>
          <CopyButton size="compact-xs" value={address} label={t("channels.copyFeed", { name })} />
        </Group>
      ))}
      <Text size="sm" c="dimmed">
        {t("channels.feedNote")}
      </Text>
    </Stack>
  );
}

function Facts({ channel, networkName }: { channel: Channel; networkName: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const token = useTokenWords(channel);
  const rows: [string, React.ReactNode][] = [
    [t("channels.state"), <ChannelStateBadge key="state" state={channel.state} />],
    [
      t("channels.account"),
      <span key="account">
        {channel.handle} · {networkName}
        {channel.profile_url && /^https?:\/\//i.test(channel.profile_url) && (
          <>
            {" "}
            <Anchor href={channel.profile_url} target="_blank" rel="noreferrer" size="sm">
              {t("channels.openProfile")}
              <span className="visually-hidden"> ({t("common.opensNewTab")})</span>
            </Anchor>
          </>
        )}
      </span>,
    ],
    ...(channel.instance ? [[t("channels.instance"), channel.instance] as [string, string]] : []),
    ...(channel.feeds
      ? [[t("channels.feeds"), <Feeds key="feeds" feeds={channel.feeds} />] as [string, React.ReactNode]]
      : []),
    [t("channels.token"), token],
    [t("channels.lastOk"), channel.last_ok_at ? format.dateTime(channel.last_ok_at) : t("common.never")],
    [t("channels.queued"), t("channels.queuedCount", { count: channel.queued })],
    [t("channels.next"), channel.next_due_at ? format.dateTime(channel.next_due_at) : t("common.none")],
    [
      t("channels.cap"),
      channel.daily_cap ? t("channels.capOwn", { count: channel.daily_cap }) : t("channels.capServer"),
    ],
    [t("channels.connectedAt"), format.dateTime(channel.created_at)],
    [
      t("channels.permissions"),
      channel.scopes.length > 0 ? (
        <Group key="scopes" gap={4}>
          {channel.scopes.map((scope) => (
            <Code key={scope}>{scope}</Code>
          ))}
        </Group>
      ) : (
        t("common.none")
      ),
    ],
    [t("channels.id"), <Code key="id">{channel.id}</Code>],
  ];
  return (
    <dl className={classes.facts}>
      {rows.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Connects({ channel }: { channel: Channel }) {
  const { t } = useTranslation();
  const { workspace } = useSession();
  const attempts = useQuery(channelAttemptsQuery(workspace.id, channel.id));
  return (
    <section>
      <Title order={2} mb="sm">
        {t("channels.attempts")}
      </Title>
      {attempts.error && <ProblemView error={attempts.error} onRetry={() => attempts.refetch()} />}
      {attempts.isPending && <Skeleton h={80} aria-hidden />}
      {attempts.data?.length === 0 && <Text c="dimmed">{t("channels.attemptsEmpty")}</Text>}
      {attempts.data?.map((attempt) => (
        <details key={attempt.id} className={classes.attempt}>
          <summary>
            <Text span fw={600} size="sm">
              {t(PURPOSES[attempt.purpose])}
            </Text>{" "}
            <Text span size="sm" c="dimmed">
              {t(`connect.attemptState.${attempt.state}`)}
              {attempt.diagnosis ? `: ${attempt.diagnosis.title}` : ""}
            </Text>
          </summary>
          <History items={attempt.events} />
        </details>
      ))}
    </section>
  );
}
