import { Button, Group, Text } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, type MouseEvent, Suspense, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { PostSummary } from "@/api/types";
import { useFormat } from "@/app/format";
import { useNow } from "@/app/now";
import { useChannelMap, useNetworkMap } from "@/app/queries";
import { useSession } from "@/app/session";
import { storage } from "@/app/storage";
import { today as todayIn } from "@/app/zoned";
import { ButtonLink } from "@/components/links";
import { usePageTitle } from "@/components/page";
import { ProblemView } from "@/components/problem-view";
import { Checklist } from "@/features/first-run/checklist";
import type { CardContext } from "./card";
import { sayDay } from "./day-head";
import { MoveByDrag } from "./drag";
import { HoursView, hourLabel } from "./hours-view";
import { matches, place } from "./layout";
import { LoadingPosts } from "./loading";
import { MonthView } from "./month-view";
import classes from "./page.module.css";
import { draftsQuery, rangeQuery } from "./queries";
import { type Cell, cellId, cellOf, datesOf, daysOf, monthGrid, startOfDay, step, titleOf } from "./range";
import { rovingFocus, rovingKeys, useRoving } from "./roving";
import { VIEWS, type View } from "./search";
import { Toolbar } from "./toolbar";
import { useFilter } from "./use-filter";
import { useCalendarKeys } from "./use-keys";

const ListView = lazy(() => import("./list-view").then((module) => ({ default: module.ListView })));
const PostsModal = lazy(() => import("./posts-modal").then((module) => ({ default: module.PostsModal })));

const VIEW_KEY = "crier.calendar-view";

function useView() {
  const search = useSearch({ from: "/signed-in/calendar" });
  const navigate = useNavigate();
  const { user } = useSession();
  const now = useNow();
  const narrow = useMediaQuery("(max-width: 48em)", window.matchMedia("(max-width: 48em)").matches);
  const remembered = VIEWS.find((name) => name === storage.get(VIEW_KEY));
  const view: View = search.view ?? remembered ?? (narrow ? "list" : "week");
  const today = todayIn(user.time_zone, now);
  const date = search.date ?? today;
  const go = (change: { view?: View; date?: string }) =>
    void navigate({ to: "/calendar", search: (before) => ({ ...before, view, ...change }) });
  return {
    now,
    narrow,
    view,
    today,
    date,
    setView: (next: View) => {
      storage.set(VIEW_KEY, next);
      go({ view: next });
    },
    toToday: () => go({ date: undefined }),
    stepBy: (by: -1 | 1) => go({ date: step(view, date, by) }),
  };
}

export function CalendarPage() {
  const { t } = useTranslation();
  const { user, workspace } = useSession();
  const zone = user.time_zone;
  const navigate = useNavigate();
  const format = useFormat();
  const channels = useChannelMap();
  const networks = useNetworkMap();
  const { now, narrow, view, today, date, setView, toToday, stepBy } = useView();
  const { filter, count: filters, clear } = useFilter();
  const [list, setList] = useState<{
    title: string;
    posts: { post: PostSummary; due: string | null }[];
  } | null>(null);
  const [dragging, setDragging] = useState(false);
  const area = useRef<HTMLDivElement>(null);

  const days = daysOf(view, date, user.week_start);
  const posts = useQuery({
    ...rangeQuery(workspace.id, startOfDay(days.from, zone), startOfDay(days.to, zone)),
    placeholderData: keepPreviousData,
  });
  const drafts = useQuery(draftsQuery(workspace.id));
  const placed = useMemo(
    () => place(posts.data?.filter((post) => matches(post, filter)) ?? [], zone),
    [posts.data, filter, zone],
  );
  const undated = useMemo(
    () => drafts.data?.filter((post) => matches(post, filter)) ?? [],
    [drafts.data, filter],
  );
  const context = useMemo(
    (): CardContext => ({ format, channels, networks, now }),
    [format, channels, networks, now],
  );

  const title = titleOf(view, date, user.week_start);
  usePageTitle(`${t("calendar.title")}: ${title.short}`);
  useCalendarKeys({
    today: toToday,
    step: stepBy,
    view: setView,
    edit: (id) => void navigate({ to: "/posts/$id/edit", params: { id } }),
  });
  const hourly = view === "day" || view === "week";
  useRoving(area, cellId(cellOf(new Date(now + 3_600_000).toISOString(), zone, hourly)));

  const sayCell = (cell: Cell) =>
    cell.hour === undefined
      ? sayDay(cell.date)
      : `${sayDay(cell.date)}, ${hourLabel(cell.hour, format.hour12)}`;
  const loading = posts.isPending ? <LoadingPosts /> : null;
  const shown = placed.some((item) => item.date >= days.from && item.date < days.to);
  const nothing =
    posts.data !== undefined && !posts.isPlaceholderData && !shown && !(view === "list" && undated.length);

  const shared = {
    placed,
    context,
    zone,
    now,
    sayCell,
    loading,
    onWrite: (at: string) => void navigate({ to: "/posts/new", search: { at } }),
    ready: posts.data !== undefined,
    onMore: (items: readonly { post: PostSummary; due: string }[], heading: string) =>
      setList({ title: heading, posts: [...items] }),
  };

  return (
    <div className={classes.page} data-fills-window>
      <Checklist />
      <Toolbar
        view={view}
        date={date}
        today={today}
        zone={zone}
        weekStart={user.week_start}
        narrow={narrow}
        drafts={undated.length}
        onDrafts={() =>
          setList({ title: t("calendar.drafts"), posts: undated.map((post) => ({ post, due: null })) })
        }
        onView={setView}
        onToday={toToday}
        onStep={stepBy}
      />
      {posts.error && (
        <div className={classes.notice}>
          <ProblemView error={posts.error} onRetry={() => posts.refetch()} retrying={posts.isFetching} />
        </div>
      )}
      {nothing && <Nothing view={view} filtered={filters > 0} onClear={clear} />}
      <MoveByDrag
        area={area}
        context={context}
        lines={hourly ? 3 : 1}
        sayCell={sayCell}
        onDragging={setDragging}
      >
        {/* biome-ignore lint/a11y/noStaticElementInteractions: it hears the keys and clicks of the buttons and links in it */}
        <div
          className={classes.area}
          ref={area}
          data-scroll
          data-dragging={dragging || undefined}
          data-list={view === "list" || undefined}
          aria-busy={posts.isFetching}
          onClick={(event) => openInApp(event, (id) => void navigate({ to: "/posts/$id", params: { id } }))}
          onFocus={rovingFocus}
          onKeyDown={(event) => {
            if (!dragging) rovingKeys(event);
          }}
        >
          {hourly && <HoursView {...shared} dates={datesOf(days)} />}
          {view === "month" && (
            <MonthView
              {...shared}
              weeks={monthGrid(date, user.week_start)}
              month={date.slice(0, 7)}
              narrow={narrow}
            />
          )}
          {view === "list" && (
            <Suspense fallback={<LoadingPosts />}>
              {loading}
              <ListView
                key={days.from}
                placed={placed}
                drafts={undated}
                context={context}
                today={today}
                area={area}
              />
            </Suspense>
          )}
        </div>
      </MoveByDrag>
      {list && (
        <Suspense fallback={null}>
          <PostsModal {...list} context={context} onClose={() => setList(null)} />
        </Suspense>
      )}
    </div>
  );
}

/** Takes a plain click on a card's link; with a key or another button the browser opens it as it would any link. */
function openInApp(event: MouseEvent, open: (post: string) => void) {
  if (
    event.defaultPrevented ||
    event.button !== 0 ||
    event.metaKey ||
    event.ctrlKey ||
    event.shiftKey ||
    event.altKey
  ) {
    return;
  }
  const id =
    event.target instanceof Element ? event.target.closest<HTMLElement>("a[data-post]")?.dataset.post : null;
  if (!id) return;
  event.preventDefault();
  open(id);
}

function Nothing({ view, filtered, onClear }: { view: View; filtered: boolean; onClear: () => void }) {
  const { t } = useTranslation();
  return (
    <Group className={classes.nothing} gap="xs">
      <Text size="sm" c="dimmed">
        {filtered ? t("calendar.filter.none") : `${t(`calendar.empty.${view}`)} `}
        {!filtered && view !== "list" && t("calendar.empty.hint")}
      </Text>
      {filtered && (
        <Button size="compact-sm" variant="default" onClick={onClear}>
          {t("calendar.filter.clear")}
        </Button>
      )}
      {!filtered && view === "list" && (
        <ButtonLink to="/posts/new" size="compact-sm" variant="default">
          {t("calendar.empty.write")}
        </ButtonLink>
      )}
    </Group>
  );
}
