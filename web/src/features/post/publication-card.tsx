import "@/i18n/scheduling";
import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { IconExternalLink } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Channel, Post, Publication, PublicationState } from "@/api/types";
import { useFormat } from "@/app/format";
import { useChannelMap, useNetworkMap } from "@/app/queries";
import { ChannelAvatar } from "@/components/channel-avatar";
import { Confirm } from "@/components/confirm";
import { DiagnosisView } from "@/components/diagnosis-view";
import { History } from "@/components/history";
import { AnchorLink } from "@/components/links";
import { ProblemView } from "@/components/problem-view";
import { StateBadge } from "@/components/state-badge";
import { toast } from "@/components/toast";
import classes from "./publication-card.module.css";
import { type Decision, useDecide } from "./queries";
import { Unconfirmed } from "./unconfirmed";

const Afterwards = lazy(() => import("./afterwards").then((module) => ({ default: module.Afterwards })));

const RETRY: Partial<Record<PublicationState, "post.retry" | "post.resume" | "post.sendAnyway">> = {
  failed: "post.retry",
  held: "post.resume",
  cancelled: "post.sendAnyway",
};
const CANCELLABLE: readonly PublicationState[] = ["scheduled", "preparing", "held", "failed", "unconfirmed"];

interface Props {
  post: Post;
  publication: Publication;
}

/** The post on one channel: how it stands there, why, and what to do. */
export function PublicationCard({ post, publication }: Props) {
  const { t } = useTranslation();
  const channel = useChannelMap().get(publication.channel_id);
  const network = useNetworkMap().get(publication.network);
  const networkName = network?.name ?? publication.network;
  const decide = useDecide(post.id, publication.id);
  return (
    <article className={classes.card} aria-label={channel?.name ?? networkName}>
      <Group gap="sm" align="flex-start">
        <ChannelAvatar
          channel={channel ?? { initials: "?", network: publication.network, avatar_url: null }}
          network={network}
          size={36}
        />
        <div className={classes.who}>
          {channel ? (
            <AnchorLink
              to="/channels/$channel"
              params={{ channel: channel.id }}
              fw={600}
              c="inherit"
              size="sm"
            >
              {channel.name}
            </AnchorLink>
          ) : (
            <Text fw={600} size="sm">
              {t("post.gone")}
            </Text>
          )}
          <Text size="xs" c="dimmed" truncate>
            {channel ? `${channel.handle} · ${networkName}` : networkName}
          </Text>
        </div>
        <StateBadge state={publication.state} />
      </Group>
      <Facts publication={publication} networkName={networkName} />
      <Reason
        publication={publication}
        busy={decide.isPending}
        onRetry={() => decide.mutate({ kind: "retry" }, { onSuccess: () => toast.done(t("post.retried")) })}
      />
      {publication.state === "unconfirmed" && (
        <Unconfirmed publication={publication} channel={channel} networkName={networkName} decide={decide} />
      )}
      {decide.error && <ProblemView error={decide.error} />}
      <Choices publication={publication} channel={channel} networkName={networkName} decide={decide} />
      {publication.state === "published" && (
        <Suspense fallback={null}>
          <Afterwards post={post} publication={publication} channel={channel} network={network} />
        </Suspense>
      )}
      <details className={classes.history}>
        <summary>{t("post.history")}</summary>
        {publication.events.length > 0 ? (
          <History items={publication.events} />
        ) : (
          <Text size="sm" c="dimmed">
            {t("post.historyEmpty")}
          </Text>
        )}
      </details>
    </article>
  );
}

function Facts({ publication, networkName }: { publication: Publication; networkName: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const when = publication.published_at
    ? t("post.when.published", { when: format.dateTime(publication.published_at) })
    : publication.due_at
      ? t("post.when.due", { when: format.dateTime(publication.due_at) })
      : t("post.noTime");
  const url =
    !publication.removed_at && publication.url && /^https?:\/\//i.test(publication.url)
      ? publication.url
      : null;
  return (
    <Group gap="xs" justify="space-between" wrap="wrap">
      <Text size="sm" c="dimmed">
        {when}
        {publication.next_part_at &&
          ` · ${t("post.nextPart", { when: format.dateTime(publication.next_part_at) })}`}
        {publication.edited_at &&
          ` · ${t("post.when.edited", { when: format.dateTime(publication.edited_at) })}`}
        {publication.removed_at && (
          <strong>
            {" · "}
            {t("post.when.removed", { network: networkName, when: format.dateTime(publication.removed_at) })}
          </strong>
        )}
        {publication.tries > 1 && ` · ${t("post.when.tries", { count: publication.tries })}`}
      </Text>
      {url && (
        <Button
          component="a"
          href={url}
          target="_blank"
          rel="noreferrer"
          size="compact-sm"
          variant="light"
          rightSection={<IconExternalLink size={14} aria-hidden />}
        >
          {t("post.open", { network: networkName })}
          <span className="visually-hidden"> ({t("common.opensNewTab")})</span>
        </Button>
      )}
    </Group>
  );
}

interface ReasonProps {
  publication: Publication;
  busy: boolean;
  onRetry: () => void;
}

/** Why it is held, failed, unconfirmed or cancelled. */
function Reason({ publication, busy, onRetry }: ReasonProps) {
  const navigate = useNavigate();
  const { reason, state } = publication;
  if (!reason || state === "published") return null;
  if (!reason.diagnosis) {
    const color = state === "failed" ? "red" : state === "cancelled" ? "gray" : "orange";
    return (
      <Alert
        color={color}
        variant="light"
        title={reason.title}
        p="xs"
        classNames={{ message: classes.message }}
      >
        {reason.message !== reason.title && reason.message}
      </Alert>
    );
  }
  const reconnect = () =>
    void navigate({
      to: "/channels/add/$network",
      params: { network: publication.network },
      search: { channel: publication.channel_id },
    });
  const next = reason.diagnosis.next.kind;
  const act = next === "retry" && RETRY[state] ? onRetry : next === "reconnect" ? reconnect : undefined;
  return <DiagnosisView diagnosis={reason.diagnosis} onNext={act} busy={busy} headingOrder={3} />;
}

export interface DecideProps {
  publication: Publication;
  channel: Channel | undefined;
  networkName: string;
  decide: ReturnType<typeof useDecide>;
}

/** Retry and cancel, where the state allows them. */
function Choices({ publication, channel, networkName, decide }: DecideProps) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const { state } = publication;
  const retry = RETRY[state];
  // A deleted channel takes nothing; a diagnosis may have its own button for trying again.
  const offersRetry = retry && channel && publication.reason?.diagnosis?.next.kind !== "retry";
  const name = channel?.name ?? networkName;
  const send = (decision: Decision, said: string) =>
    decide.mutate(decision, {
      onSuccess: () => {
        setAsking(false);
        toast.done(said);
      },
    });
  if (!offersRetry && !CANCELLABLE.includes(state)) return null;
  return (
    <Group gap="xs">
      {offersRetry && (
        <Button
          size="xs"
          variant={state === "cancelled" || publication.reason?.diagnosis ? "default" : "filled"}
          loading={decide.isPending && !asking}
          onClick={() => send({ kind: "retry" }, t("post.retried"))}
        >
          {t(publication.reason?.code === "held.person" ? "bulk.resume" : retry)}
        </Button>
      )}
      {CANCELLABLE.includes(state) && (
        <Button size="xs" variant="default" onClick={() => setAsking(true)}>
          {t("post.cancel")} …
        </Button>
      )}
      <Confirm
        opened={asking}
        title={t("post.cancelTitle", { channel: name })}
        confirmLabel={t("post.cancelConfirm")}
        danger
        busy={decide.isPending}
        error={decide.error}
        onClose={() => {
          decide.reset();
          setAsking(false);
        }}
        onConfirm={() => send({ kind: "cancel" }, t("post.cancelled", { channel: name }))}
      >
        <Stack gap="xs">{t("post.cancelText")}</Stack>
      </Confirm>
    </Group>
  );
}
