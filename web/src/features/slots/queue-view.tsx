import "@/i18n/scheduling";
import { Skeleton, Text } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { QueuePlace } from "@/api/types";
import { useFormat } from "@/app/format";
import { useSession } from "@/app/session";
import { ProblemView } from "@/components/problem-view";
import { StateBadge } from "@/components/state-badge";
import { channelQueueQuery } from "./queries";
import classes from "./queue-view.module.css";

const SHOWN = 15;

/** What is next on a channel: every slot, free or taken, and what is due beside them. */
export function QueueView({ channel }: { channel: string }) {
  const { t } = useTranslation();
  const { workspace } = useSession();
  const query = useQuery(channelQueueQuery(workspace.id, channel, SHOWN));
  if (query.error) return <ProblemView error={query.error} onRetry={() => void query.refetch()} />;
  if (!query.data) return <Skeleton h={160} aria-hidden />;
  if (query.data.length === 0) return <Text c="dimmed">{t("slots.queueEmpty")}</Text>;
  const minutes = query.data.map(({ at }) => at.slice(0, 16));
  return (
    <ol className={classes.list}>
      {query.data.map((place, index) => (
        <Place
          key={place.post?.publication_id ?? place.at}
          place={place}
          channel={channel}
          clash={
            place.post != null &&
            minutes.indexOf(minutes[index] ?? "") !== minutes.lastIndexOf(minutes[index] ?? "")
          }
        />
      ))}
    </ol>
  );
}

function Place({
  place: { at, slot, post },
  channel,
  clash,
}: {
  place: QueuePlace;
  channel: string;
  clash: boolean;
}) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <li className={classes.place} data-free={!post || undefined}>
      <span className={classes.time}>{format.dateTime(at)}</span>
      {post ? (
        <>
          <Link to="/posts/$id" params={{ id: post.id }} className={classes.text}>
            {post.excerpt || t("calendar.noText")}
          </Link>
          <span className={classes.marks}>
            {!slot && (
              <Text span size="xs" c="dimmed">
                {t("slots.byHand")}
              </Text>
            )}
            {clash && (
              <Text span size="xs" c="light-dark(#935000, #f2b053)">
                {t("slots.clash")}
              </Text>
            )}
            <StateBadge state={post.state} />
          </span>
        </>
      ) : (
        <Link to="/posts/new" search={{ at, channels: channel }} className={classes.free}>
          <IconPlus size={14} aria-hidden />
          {t("slots.free")}
          <span className="visually-hidden">: {t("calendar.writeAt", { when: format.dateTime(at) })}</span>
        </Link>
      )}
    </li>
  );
}
