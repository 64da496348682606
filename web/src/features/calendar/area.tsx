import { useNavigate } from "@tanstack/react-router";
import { lazy, type MouseEvent, Suspense, useRef, useState } from "react";
import type { PostSummary } from "@/api/types";
import { useSession } from "@/app/session";
import type { CardContext } from "./card";
import { sayDay } from "./day-head";
import { MoveByDrag } from "./drag";
import { HoursView, hourLabel } from "./hours-view";
import type { Placed } from "./layout";
import { LoadingPosts } from "./loading";
import { MonthView } from "./month-view";
import classes from "./page.module.css";
import { type Cell, cellId, cellOf, type Days, datesOf, monthGrid } from "./range";
import { rovingFocus, rovingKeys, useRoving } from "./roving";
import type { View } from "./search";

const ListView = lazy(() => import("./list-view").then((module) => ({ default: module.ListView })));

interface Props {
  view: View;
  date: string;
  today: string;
  days: Days;
  narrow: boolean;
  placed: readonly Placed[];
  undated: readonly PostSummary[];
  context: CardContext;
  /** The posts have not come yet. */
  pending: boolean;
  fetching: boolean;
  /** Takes a click on a post, while posts are selected instead of opened. */
  onSelect: ((post: string) => void) | null;
  onMore: (items: readonly Placed[], title: string) => void;
}

/** The calendar itself: the view's posts, with its keys, clicks and drags. */
export function Area(props: Props) {
  const { view, context, fetching, onSelect } = props;
  const { user } = useSession();
  const navigate = useNavigate();
  const area = useRef<HTMLDivElement>(null);
  const [dragging, setDragging] = useState(false);
  const hourly = view === "day" || view === "week";
  useRoving(area, cellId(cellOf(new Date(context.now + 3_600_000).toISOString(), user.time_zone, hourly)));
  const sayCell = ({ date, hour }: Cell) =>
    hour === undefined ? sayDay(date) : `${sayDay(date)}, ${hourLabel(hour, context.format.hour12)}`;

  return (
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
        aria-busy={fetching}
        // Before the links in it: while posts are selected, none is opened.
        onClickCapture={onSelect ? (event) => takeClick(event, onSelect) : undefined}
        onClick={(event) => openInApp(event, (id) => void navigate({ to: "/posts/$id", params: { id } }))}
        onFocus={rovingFocus}
        onKeyDown={(event) => {
          if (!dragging) rovingKeys(event);
        }}
      >
        <Posts {...props} area={area} sayCell={sayCell} />
      </div>
    </MoveByDrag>
  );
}

interface PostsProps extends Props {
  area: React.RefObject<HTMLDivElement | null>;
  sayCell: (cell: Cell) => string;
}

function Posts({ view, date, today, days, narrow, placed, undated, context, pending, ...rest }: PostsProps) {
  const { user } = useSession();
  const navigate = useNavigate();
  const loading = pending ? <LoadingPosts /> : null;
  const shared = {
    placed,
    context,
    zone: user.time_zone,
    now: context.now,
    loading,
    onMore: rest.onMore,
    onWrite: (at: string) => void navigate({ to: "/posts/new", search: { at } }),
  };
  if (view === "list") {
    return (
      <Suspense fallback={<LoadingPosts />}>
        {loading}
        <ListView
          key={days.from}
          placed={placed}
          drafts={undated}
          context={context}
          today={today}
          area={rest.area}
        />
      </Suspense>
    );
  }
  if (view === "month") {
    const weeks = monthGrid(date, user.week_start);
    return <MonthView {...shared} weeks={weeks} month={date.slice(0, 7)} narrow={narrow} />;
  }
  return <HoursView {...shared} dates={datesOf(days)} sayCell={rest.sayCell} ready={!pending} />;
}

const postAt = (target: EventTarget) =>
  target instanceof Element ? target.closest<HTMLElement>("a[data-post]")?.dataset.post : undefined;

function takeClick(event: MouseEvent, take: (post: string) => void) {
  const id = postAt(event.target);
  if (!id || event.button !== 0) return;
  event.preventDefault();
  event.stopPropagation();
  take(id);
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
  const id = postAt(event.target);
  if (!id) return;
  event.preventDefault();
  open(id);
}
