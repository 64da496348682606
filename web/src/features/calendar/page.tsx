import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { PostSummary } from "@/api/types";
import { useFormat } from "@/app/format";
import { useChannelMap, useNetworkMap } from "@/app/queries";
import { useSession } from "@/app/session";
import { usePageTitle } from "@/components/page";
import { ProblemView } from "@/components/problem-view";
import { useSelection } from "@/features/bulk/use-selection";
import { Checklist } from "@/features/first-run/checklist";
import { Area } from "./area";
import type { CardContext } from "./card";
import { Nothing } from "./nothing";
import classes from "./page.module.css";
import { daysOf, titleOf } from "./range";
import { Toolbar } from "./toolbar";
import { useFilter } from "./use-filter";
import { useCalendarKeys } from "./use-keys";
import { useCalendarPosts } from "./use-posts";
import { useView } from "./use-view";

const BulkBar = lazy(() => import("@/features/bulk/bar").then((module) => ({ default: module.BulkBar })));
const PostsModal = lazy(() => import("./posts-modal").then((module) => ({ default: module.PostsModal })));

interface Listed {
  title: string;
  posts: { post: PostSummary; due: string | null }[];
}

function useCardContext(
  now: number,
  clashes: ReadonlySet<string>,
  selected: ReadonlySet<string> | null,
): CardContext {
  const format = useFormat();
  const channels = useChannelMap();
  const networks = useNetworkMap();
  return useMemo(
    () => ({ format, channels, networks, now, clashes, selected }),
    [format, channels, networks, now, clashes, selected],
  );
}

/** Home: the workspace's posts by time. */
export function CalendarPage() {
  const { t } = useTranslation();
  const { user } = useSession();
  const navigate = useNavigate();
  const { now, narrow, view, today, date, setView, toToday, stepBy } = useView();
  const { count: filters, clear } = useFilter();
  const days = daysOf(view, date, user.week_start);
  const { query, placed, undated, clashes, empty } = useCalendarPosts(days);
  const selection = useSelection();
  const context = useCardContext(now, clashes, selection.on ? selection.ids : null);
  const [listed, setListed] = useState<Listed | null>(null);

  usePageTitle(`${t("calendar.title")}: ${titleOf(view, date, user.week_start).short}`);
  useCalendarKeys({
    today: toToday,
    step: stepBy,
    view: setView,
    edit: (id) => void navigate({ to: "/posts/$id/edit", params: { id } }),
    select: selection.toggle,
    leave: () => {
      if (selection.on) selection.stop();
      return selection.on;
    },
  });
  const listDrafts = () =>
    setListed({ title: t("calendar.drafts"), posts: undated.map((post) => ({ post, due: null })) });

  return (
    <div className={classes.page} data-fills-window>
      <Checklist />
      <Toolbar
        view={view}
        date={date}
        zone={user.time_zone}
        weekStart={user.week_start}
        narrow={narrow}
        drafts={undated.length}
        onDrafts={listDrafts}
        onView={setView}
        onToday={toToday}
        onStep={stepBy}
        selecting={selection.on}
        onSelecting={selection.on ? selection.stop : selection.start}
      />
      {selection.on && (
        <Suspense fallback={null}>
          <BulkBar
            selection={selection}
            shown={[
              ...(view === "list" ? undated : []),
              ...placed.filter(({ date: day }) => day >= days.from && day < days.to).map(({ post }) => post),
            ].map(({ id }) => id)}
          />
        </Suspense>
      )}
      {query.error && (
        <div className={classes.notice}>
          <ProblemView error={query.error} onRetry={() => query.refetch()} retrying={query.isFetching} />
        </div>
      )}
      {empty && !(view === "list" && undated.length > 0) && (
        <Nothing view={view} filtered={filters > 0} onClear={clear} />
      )}
      <Area
        {...{ view, date, today, days, narrow, placed, undated, context }}
        pending={query.isPending}
        fetching={query.isFetching}
        onSelect={selection.on ? selection.toggle : null}
        onMore={(items, title) => setListed({ title, posts: [...items] })}
      />
      {listed && (
        <Suspense fallback={null}>
          <PostsModal {...listed} context={context} onClose={() => setListed(null)} />
        </Suspense>
      )}
    </div>
  );
}
