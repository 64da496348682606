import "@/i18n/scheduling";
import { Badge, Button, Skeleton, Stack, Text } from "@mantine/core";
import { IconPlus, IconRecycle } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Evergreen } from "@/api/types";
import { useFormat } from "@/app/format";
import { useChannelMap } from "@/app/queries";
import { useSession } from "@/app/session";
import { Empty } from "@/components/empty";
import { Page } from "@/components/page";
import { ProblemView } from "@/components/problem-view";
import classes from "./evergreen.module.css";
import { evergreensQuery } from "./queries";
import { SettingsModal } from "./settings-modal";

/** The workspace's evergreen queues. */
export function EvergreensPage() {
  const { t } = useTranslation();
  const { workspace } = useSession();
  const navigate = useNavigate();
  const query = useQuery(evergreensQuery(workspace.id));
  const [making, setMaking] = useState(false);
  const make = (
    <Button leftSection={<IconPlus size={18} aria-hidden />} onClick={() => setMaking(true)}>
      {t("evergreen.new")}
    </Button>
  );
  return (
    <Page
      title={t("evergreen.title")}
      lead={t("evergreen.lead")}
      width="reading"
      actions={query.data?.length ? make : undefined}
    >
      {query.error && <ProblemView error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && (
        <Stack aria-hidden>
          <Skeleton h={64} />
          <Skeleton h={64} />
        </Stack>
      )}
      {query.data?.length === 0 && (
        <Empty
          icon={<IconRecycle size={40} />}
          title={t("evergreen.emptyTitle")}
          text={t("evergreen.emptyText")}
        >
          {make}
        </Empty>
      )}
      {query.data && query.data.length > 0 && (
        <ul className={classes.list}>
          {query.data.map((queue) => (
            <QueueRow key={queue.id} queue={queue} />
          ))}
        </ul>
      )}
      {making && (
        <SettingsModal
          queue={null}
          onClose={() => setMaking(false)}
          onSaved={({ id }) => void navigate({ to: "/evergreen/$queue", params: { queue: id } })}
        />
      )}
    </Page>
  );
}

function QueueRow({ queue }: { queue: Evergreen }) {
  const { t } = useTranslation();
  const format = useFormat();
  const channels = useChannelMap();
  const names = queue.channels.map((id) => channels.get(id)?.name ?? t("post.gone"));
  return (
    <li className={classes.row}>
      <div className={classes.words}>
        <Link to="/evergreen/$queue" params={{ queue: queue.id }} className={classes.name}>
          {queue.name}
        </Link>
        <Text size="xs" c="dimmed" truncate>
          {t("evergreen.posts", { count: queue.posts })} · {names.join(", ")}
        </Text>
      </div>
      <Text size="sm" c="dimmed">
        {queue.next_due_at
          ? t("evergreen.next", { when: format.dateTime(queue.next_due_at) })
          : t("evergreen.nothingNext")}
      </Text>
      <Badge variant="light" color={queue.paused ? "gray" : "petrol"}>
        {t(queue.paused ? "evergreen.paused" : "evergreen.running")}
      </Badge>
    </li>
  );
}
