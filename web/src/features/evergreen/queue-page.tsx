import "@/i18n/scheduling";
import { Badge, Button, Group, Menu, Skeleton, Stack, Text, Title } from "@mantine/core";
import { IconDotsVertical, IconPlayerPause, IconPlayerPlay, IconSettings } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { EvergreenWhole, KeptPost } from "@/api/types";
import { useFormat } from "@/app/format";
import { useChannelMap } from "@/app/queries";
import { useSession } from "@/app/session";
import { Confirm } from "@/components/confirm";
import { ButtonLink } from "@/components/links";
import { Page } from "@/components/page";
import { ProblemView } from "@/components/problem-view";
import { toast } from "@/components/toast";
import classes from "./evergreen.module.css";
import { evergreenQuery, settingsOf, useDeleteEvergreen, useSaveEvergreen, useTakeOut } from "./queries";
import { SettingsModal } from "./settings-modal";

/** One evergreen queue: its posts, and what comes next. */
export function EvergreenPage() {
  const { t } = useTranslation();
  const { workspace } = useSession();
  const { queue: id } = useParams({ from: "/signed-in/evergreen/$queue" });
  const query = useQuery(evergreenQuery(workspace.id, id));
  if (query.data) return <Loaded queue={query.data} />;
  return (
    <Page title={t("evergreen.title")} width="reading">
      {query.error ? (
        <ProblemView error={query.error} onRetry={() => void query.refetch()} retrying={query.isFetching} />
      ) : (
        <Skeleton h={200} aria-hidden />
      )}
    </Page>
  );
}

function Loaded({ queue }: { queue: EvergreenWhole }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const channels = useChannelMap();
  const [dialog, setDialog] = useState<"settings" | "delete" | null>(null);
  const save = useSaveEvergreen(queue);
  const remove = useDeleteEvergreen(queue.id);
  const toggle = () =>
    save.mutate(
      { ...settingsOf(queue), paused: !queue.paused },
      {
        onSuccess: () => toast.done(t(queue.paused ? "evergreen.resumedDone" : "evergreen.pausedDone")),
        onError: (error) => toast.failed(error),
      },
    );
  const names = queue.channels.map((id) => channels.get(id)?.name ?? t("post.gone"));
  return (
    <Page
      title={queue.name}
      width="reading"
      heading={
        <Group gap="sm">
          {queue.name}
          <Badge variant="light" color={queue.paused ? "gray" : "petrol"}>
            {t(queue.paused ? "evergreen.paused" : "evergreen.running")}
          </Badge>
        </Group>
      }
      lead={names.join(", ")}
      actions={
        <>
          <Button
            variant="default"
            onClick={toggle}
            loading={save.isPending}
            leftSection={
              queue.paused ? (
                <IconPlayerPlay size={16} aria-hidden />
              ) : (
                <IconPlayerPause size={16} aria-hidden />
              )
            }
          >
            {t(queue.paused ? "evergreen.resume" : "evergreen.pause")}
          </Button>
          <Button
            variant="default"
            leftSection={<IconSettings size={16} aria-hidden />}
            onClick={() => setDialog("settings")}
          >
            {t("evergreen.edit")}
          </Button>
          <Menu position="bottom-end">
            <Menu.Target>
              <Button variant="default" px="xs" aria-label={t("common.moreActions")}>
                <IconDotsVertical size={18} aria-hidden />
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item c="var(--mantine-color-error)" onClick={() => setDialog("delete")}>
                {t("evergreen.delete")} …
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </>
      }
    >
      <Stack gap="lg">
        <Ahead queue={queue} />
        <section>
          <Title order={2}>{t("evergreen.kept")}</Title>
          {queue.kept.length === 0 ? (
            <Stack align="flex-start" gap="xs" mt="xs">
              <Text c="dimmed">{t("evergreen.keptEmpty")}</Text>
              <ButtonLink to="/calendar" variant="default">
                {t("evergreen.calendar")}
              </ButtonLink>
            </Stack>
          ) : (
            <ul className={classes.list}>
              {queue.kept.map((post) => (
                <KeptRow key={post.id} post={post} />
              ))}
            </ul>
          )}
        </section>
      </Stack>
      {dialog === "settings" && (
        <SettingsModal
          queue={queue}
          onClose={() => setDialog(null)}
          onSaved={() => {
            setDialog(null);
            toast.done(t("evergreen.saved"));
          }}
        />
      )}
      <Confirm
        opened={dialog === "delete"}
        title={t("evergreen.deleteTitle", { name: queue.name })}
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
              toast.done(t("evergreen.deleted"));
              void navigate({ to: "/evergreen" });
            },
          })
        }
      >
        {t("evergreen.deleteText")}
      </Confirm>
    </Page>
  );
}

function Ahead({ queue }: { queue: EvergreenWhole }) {
  const { t } = useTranslation();
  const format = useFormat();
  const texts = new Map(queue.kept.map((post) => [post.id, post.excerpt]));
  if (queue.paused) return null;
  return (
    <section>
      <Title order={2}>{t("evergreen.ahead")}</Title>
      {queue.ahead.length === 0 ? (
        <Text c="dimmed">{t("evergreen.aheadEmpty")}</Text>
      ) : (
        <ol className={classes.list}>
          {queue.ahead.map(({ post_id, at }) => (
            <li key={at} className={classes.row}>
              <Text size="sm" w="13rem">
                {format.dateTime(at)}
              </Text>
              <Text size="sm" className={classes.words} truncate>
                {texts.get(post_id) || t("calendar.noText")}
              </Text>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

function KeptRow({ post }: { post: KeptPost }) {
  const { t } = useTranslation();
  const format = useFormat();
  const [asking, setAsking] = useState(false);
  const takeOut = useTakeOut();
  const last = post.last_at
    ? t(Date.parse(post.last_at) > Date.now() ? "evergreen.scheduledFor" : "evergreen.last", {
        when: format.dateTime(post.last_at),
      })
    : null;
  return (
    <li className={classes.row}>
      <div className={classes.words}>
        <span className={classes.name}>{post.excerpt || t("calendar.noText")}</span>
        <Text size="xs" c="dimmed">
          {t("evergreen.turns", { count: post.turns })}
          {last && ` · ${last}`}
        </Text>
      </div>
      <Group gap="xs">
        <ButtonLink to="/posts/$id/edit" params={{ id: post.id }} variant="default" size="compact-sm">
          {t("evergreen.editPost")}
        </ButtonLink>
        <Button variant="subtle" size="compact-sm" onClick={() => setAsking(true)}>
          {t("evergreen.removePost")} …
        </Button>
      </Group>
      <Confirm
        opened={asking}
        title={t("evergreen.removeTitle")}
        confirmLabel={t("evergreen.removePost")}
        danger
        busy={takeOut.isPending}
        error={takeOut.error}
        onClose={() => {
          takeOut.reset();
          setAsking(false);
        }}
        onConfirm={() => takeOut.mutate(post.id, { onSuccess: () => toast.done(t("evergreen.removed")) })}
      >
        {t("evergreen.removeText")}
      </Confirm>
    </li>
  );
}
