import "@/i18n/scheduling";
import { Skeleton, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { Post } from "@/api/types";
import { useFormat } from "@/app/format";
import { useSession } from "@/app/session";
import { AnchorLink } from "@/components/links";
import { Page } from "@/components/page";
import { ProblemView } from "@/components/problem-view";
import { StateBadge } from "@/components/state-badge";
import { PostActions } from "./actions";
import { PostContent } from "./content";
import classes from "./page.module.css";
import { PublicationCard } from "./publication-card";
import { postQuery } from "./queries";
import { RepeatWords } from "./repeat-words";

/** How long until the next look, where the live stream should have told already: soon while something is going on. */
function nextLook(post: Post | undefined): number | false {
  const states = post?.publications.map(({ state }) => state) ?? [];
  if (post?.publications.some(({ wish }) => wish && !wish.refused)) return 3000;
  if (states.includes("preparing") || states.includes("sending")) return 3000;
  const due = post?.due_at ? Date.parse(post.due_at) - Date.now() : Number.POSITIVE_INFINITY;
  return states.includes("scheduled") && due < 60_000 ? 5000 : false;
}

/** One post: what it says, where it goes, how that went, and what can be done about it. */
export function PostPage() {
  const { t } = useTranslation();
  const { id } = useParams({ from: "/signed-in/posts/$id" });
  const { workspace } = useSession();
  const post = useQuery({
    ...postQuery(workspace.id, id),
    refetchInterval: ({ state }) => nextLook(state.data),
  });
  if (post.data) return <Loaded post={post.data} />;
  return (
    <Page title={t("post.title")} width="reading">
      {post.error ? (
        <ProblemView error={post.error} onRetry={() => post.refetch()} retrying={post.isFetching} />
      ) : (
        <Stack aria-hidden>
          <Skeleton h={28} w="40%" />
          <Skeleton h={140} />
          <Skeleton h={140} />
        </Stack>
      )}
    </Page>
  );
}

/** Why the post is there, where nobody wrote it by hand for its time. */
function Origin({ post }: { post: Post }) {
  const { t } = useTranslation();
  const queue = post.queue_id ?? post.kept_in;
  if (queue) {
    return (
      <Text size="sm" mb="md">
        {t("evergreen.of")} ·{" "}
        <AnchorLink to="/evergreen/$queue" params={{ queue }} size="sm">
          {t("evergreen.open")}
        </AnchorLink>
      </Text>
    );
  }
  if (!post.series_id || !post.repeat) return null;
  return (
    <Text size="sm" mb="md">
      {t("post.repeats")}: <RepeatWords rule={post.repeat.rule} due={post.due_at} zone={post.time_zone} />
    </Text>
  );
}

function Loaded({ post }: { post: Post }) {
  const { t } = useTranslation();
  const format = useFormat();
  const when = post.due_at ? format.dateTime(post.due_at) : t("post.noTime");
  const changed = format.relative(post.updated_at);
  return (
    <Page
      title={`${t("post.title")}: ${post.excerpt.slice(0, 60) || when}`}
      width="reading"
      heading={
        <span className={classes.heading}>
          {when}
          <StateBadge state={post.state} />
        </span>
      }
      lead={
        post.created_by
          ? t("post.by", { name: post.created_by.name, when: changed })
          : t("post.changed", { when: changed })
      }
      actions={<PostActions post={post} />}
    >
      <Origin post={post} />
      <div className={classes.columns}>
        <section className={classes.publications}>
          <Title order={2} size="h5" mb="xs">
            {t("post.publications")}
          </Title>
          {post.publications.length === 0 ? (
            <Text size="sm" c="dimmed">
              {t("post.noPublications")}
            </Text>
          ) : (
            <Stack gap="sm" aria-live="polite" aria-relevant="text">
              {post.publications.map((publication) => (
                <PublicationCard key={publication.id} post={post} publication={publication} />
              ))}
            </Stack>
          )}
        </section>
        <section className={classes.content}>
          <PostContent post={post} />
        </section>
      </div>
    </Page>
  );
}
