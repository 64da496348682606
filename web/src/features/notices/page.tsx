import { Badge, Button, Group, Skeleton, Stack, Text } from "@mantine/core";
import { IconBell } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import type { Notice } from "@/api/types";
import { useFormat } from "@/app/format";
import { useSession } from "@/app/session";
import { Empty } from "@/components/empty";
import { AnchorLink, ButtonLink } from "@/components/links";
import { Page } from "@/components/page";
import { ProblemView } from "@/components/problem-view";
import classes from "./page.module.css";
import { noticesQuery, useMarkSeen } from "./queries";

/** What calls for somebody, newest first. Looking at it is having seen it. */
export function NoticesPage() {
  const { t } = useTranslation();
  const { workspace } = useSession();
  const list = useInfiniteQuery(noticesQuery(workspace.id));
  const { mutate: markSeen } = useMarkSeen();
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  const newest = items[0];
  const unseen = newest?.unread ? newest.id : undefined;
  useEffect(() => {
    if (unseen) markSeen(unseen);
  }, [unseen, markSeen]);
  return (
    <Page
      title={t("notices.title")}
      lead={t("notices.lead")}
      width="reading"
      actions={
        <ButtonLink to="/settings" hash="notices" variant="default">
          {t("notices.choose")}
        </ButtonLink>
      }
    >
      {list.error && <ProblemView error={list.error} onRetry={() => list.refetch()} />}
      {list.isPending && (
        <Stack gap="xs" aria-hidden>
          {[1, 2, 3].map((key) => (
            <Skeleton key={key} h={74} radius="md" />
          ))}
        </Stack>
      )}
      {list.data && items.length === 0 && (
        <Empty icon={<IconBell size={40} />} title={t("notices.empty")} text={t("notices.emptyText")} />
      )}
      {items.length > 0 && (
        <ul className={classes.list}>
          {items.map((notice) => (
            <Row key={notice.id} notice={notice} />
          ))}
        </ul>
      )}
      {list.hasNextPage && (
        <Group mt="md" justify="center">
          <Button variant="default" onClick={() => list.fetchNextPage()} loading={list.isFetchingNextPage}>
            {t("notices.more")}
          </Button>
        </Group>
      )}
    </Page>
  );
}

function Row({ notice }: { notice: Notice }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <li className={classes.row} data-new={notice.unread || undefined}>
      <Group gap="xs" justify="space-between" wrap="nowrap" align="flex-start">
        <Text fw={600}>{notice.title}</Text>
        {notice.unread && (
          <Badge variant="light" style={{ flexShrink: 0 }}>
            {t("notices.new")}
          </Badge>
        )}
      </Group>
      <Text size="xs" c="dimmed">
        {t(`notices.kinds.${notice.kind}`)} · {format.relative(notice.created_at)}
      </Text>
      {notice.text && (
        <Text size="sm" mt={4}>
          {notice.text}
        </Text>
      )}
      {notice.next.length > 0 && (
        <>
          <Text size="sm" fw={600} mt="xs">
            {t("notices.next")}
          </Text>
          <ul className={classes.next}>
            {notice.next.map((post) => (
              <li key={post.post_id + post.due_at}>
                <AnchorLink to="/posts/$id" params={{ id: post.post_id }} size="sm">
                  {post.excerpt || t("notices.openPost")}
                </AnchorLink>{" "}
                <Text span size="sm" c="dimmed">
                  {format.dateTime(post.due_at)}
                </Text>
              </li>
            ))}
          </ul>
        </>
      )}
      <Group gap="md" mt="xs">
        {notice.post_id && (
          <AnchorLink to="/posts/$id" params={{ id: notice.post_id }} size="sm">
            {t("notices.openPost")}
          </AnchorLink>
        )}
        <AnchorLink to="/channels/$channel" params={{ channel: notice.channel_id }} size="sm">
          {t("notices.openChannel")}
        </AnchorLink>
      </Group>
    </li>
  );
}
