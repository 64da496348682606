import "@/i18n/composing";
import "@mantine/dates/styles.css";
import { Skeleton, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Post } from "@/api/types";
import { useChannels } from "@/app/queries";
import { useSession } from "@/app/session";
import { wallOf } from "@/app/zoned";
import { ButtonLink } from "@/components/links";
import { Page } from "@/components/page";
import { ProblemView } from "@/components/problem-view";
import { ComposerForm } from "./composer-form";
import { draftFrom, emptyDraft, isEditable } from "./model";
import { composedPostQuery } from "./queries";
import { defaultTime } from "./schedule";

/** `/posts/new` and `/posts/ID/edit`. A new post that was saved goes on under `/posts/new?post=ID`. */
export function ComposerPage() {
  const { id } = useParams({ strict: false });
  const search = useSearch({ strict: false });
  const navigate = useNavigate();
  const wanted = id ?? search.post ?? null;
  // The page that made a draft keeps it, with what is being typed; only another address opens something else.
  const [run, setRun] = useState<{ key: number; made: string | null; shown: boolean }>({
    key: 0,
    made: null,
    shown: false,
  });
  if (run.made && wanted === run.made && !run.shown) setRun({ ...run, shown: true });
  if (run.shown && wanted === null) setRun({ key: run.key + 1, made: null, shown: false });

  if (wanted && wanted !== run.made) return <OpenPost key={wanted} id={wanted} />;
  return (
    <NewPost
      key={run.key}
      at={search.at}
      channels={search.channels}
      onOther={() => setRun({ key: run.key + 1, made: null, shown: false })}
      onCreated={(made) => {
        setRun({ ...run, made, shown: false });
        void navigate({
          to: "/posts/new",
          search: (before) => ({ ...before, post: made }),
          replace: true,
          resetScroll: false,
        });
      }}
    />
  );
}

interface NewPostProps {
  at?: string;
  channels?: string;
  onCreated: (id: string) => void;
  onOther: () => void;
}

function NewPost({ at, channels: given, onCreated, onOther }: NewPostProps) {
  const { user } = useSession();
  const channels = useChannels();
  const start = useMemo(() => {
    if (!channels.data) return null;
    const usable = channels.data.filter((channel) => channel.state !== "disabled");
    const wanted = given?.split(",") ?? [];
    const picked = usable.filter((channel) => wanted.includes(channel.id) || usable.length === 1);
    const zone = user.time_zone;
    const due = at && !Number.isNaN(Date.parse(at)) ? wallOf(new Date(at).toISOString(), zone) : null;
    return emptyDraft(
      zone,
      picked.map((channel) => channel.id),
      due ?? defaultTime(Date.now(), zone),
    );
  }, [channels.data, given, at, user.time_zone]);
  // What is written on is what there was at first: channels that come later are picked by hand.
  const [first, setFirst] = useState(start);
  if (!first && start) setFirst(start);
  if (first) return <ComposerForm post={null} start={first} onCreated={onCreated} onOther={onOther} />;
  return <Waiting error={channels.error} onRetry={() => void channels.refetch()} />;
}

function OpenPost({ id }: { id: string }) {
  const { user, workspace } = useSession();
  const [opening, setOpening] = useState(0);
  const query = useQuery(composedPostQuery(workspace.id, id));
  const [opened, setOpened] = useState<{ opening: number; post: Post } | null>(null);
  const post = query.isFetchedAfterMount ? query.data : undefined;
  if (post && opened?.opening !== opening) setOpened({ opening, post });
  const start = useMemo(
    () => (opened ? draftFrom(opened.post, user.time_zone) : null),
    [opened, user.time_zone],
  );
  if (!opened || !start) return <Waiting error={query.error} onRetry={() => void query.refetch()} />;
  if (!isEditable(opened.post)) return <ReadOnly id={id} />;
  return (
    <ComposerForm
      key={opened.opening}
      post={opened.post}
      start={start}
      onCreated={() => undefined}
      onOther={() => setOpening(opening + 1)}
    />
  );
}

function Waiting({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const { t } = useTranslation();
  return (
    <Page title={t("composer.newTitle")}>
      {error ? (
        <ProblemView error={error} onRetry={onRetry} />
      ) : (
        <Stack aria-hidden>
          <Skeleton h={44} maw={480} />
          <Skeleton h={220} maw={760} />
        </Stack>
      )}
    </Page>
  );
}

/** A network has it, or may have it: what stands there can't be changed from here. */
function ReadOnly({ id }: { id: string }) {
  const { t } = useTranslation();
  return (
    <Page title={t("composer.readOnlyTitle")} width="narrow">
      <Stack align="flex-start">
        <Text>{t("composer.readOnly")}</Text>
        <ButtonLink to="/posts/$id" params={{ id }}>
          {t("composer.showPost")}
        </ButtonLink>
      </Stack>
    </Page>
  );
}
