import { useElementSize } from "@mantine/hooks";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { wallOf } from "@/app/zoned";
import { StateIcon } from "@/components/state-badge";
import { Card, type CardContext } from "./card";
import { DayNumber, Gap, Rest, sayDay } from "./day-head";
import { abridge, byDay, gaps, type Placed } from "./layout";
import classes from "./month-view.module.css";
import { MoreButton } from "./more-button";
import { Slot } from "./slot";

interface Props {
  weeks: readonly (readonly string[])[];
  /** "2026-03": days of other months are paler. */
  month: string;
  placed: readonly Placed[];
  context: CardContext;
  zone: string;
  now: number;
  narrow: boolean;
  onWrite: (at: string) => void;
  onMore: (items: readonly Placed[], title: string) => void;
  loading: ReactNode;
}

const HEAD = 28;
const LEAST_ROW = 112;
const LINE = 27;
/** A cell's number and edges, in pixels. */
const AROUND = 34;

export function MonthView({
  weeks,
  month,
  placed,
  context,
  zone,
  now,
  narrow,
  onWrite,
  onMore,
  loading,
}: Props) {
  const { ref, height } = useElementSize();
  const days = useMemo(() => byDay(placed), [placed]);
  const today = wallOf(new Date(now).toISOString(), zone).date;
  const empty = gaps(weeks.flat(), days, today);
  const row = Math.max(LEAST_ROW, (height - HEAD) / weeks.length);
  const room = Math.max(2, Math.floor((row - AROUND) / LINE));
  const weekday = new Intl.DateTimeFormat("en-GB", { weekday: narrow ? "narrow" : "short", timeZone: "UTC" });
  return (
    <div className={classes.grid} ref={ref} data-narrow={narrow || undefined}>
      {weeks[0]?.map((date) => (
        <div key={date} className={classes.weekday} data-head aria-hidden>
          {weekday.format(Date.parse(date))}
        </div>
      ))}
      {weeks.map((dates, week) =>
        dates.map((date, col) => {
          const items = days.get(date) ?? [];
          const outside = !date.startsWith(month);
          if (narrow) {
            return (
              <DayCount
                key={date}
                date={date}
                items={items}
                today={date === today}
                past={date < today}
                outside={outside}
              />
            );
          }
          const { shown, more } = abridge(items, room);
          return (
            <Slot
              key={date}
              cell={{ date }}
              col={col}
              row={week}
              now={now}
              zone={zone}
              onWrite={onWrite}
              when={sayDay(date)}
              today={date === today}
              outside={outside}
            >
              <DayNumber date={date} today={date === today} />
              {empty.has(date) && <Gap />}
              {shown.map((item) => (
                <Card key={item.post.id} item={item} context={context} lines={1} />
              ))}
              {more > 0 && (
                <MoreButton count={more} day={sayDay(date)} onClick={() => onMore(items, sayDay(date))} />
              )}
            </Slot>
          );
        }),
      )}
      {loading}
    </div>
  );
}

interface DayCountProps {
  date: string;
  items: readonly Placed[];
  today: boolean;
  past: boolean;
  outside: boolean;
}

const URGENT = ["failed", "unconfirmed", "held"] as const;

/** A day of the month on a narrow screen: how many posts, and whether one calls for somebody. Opens the day. */
function DayCount({ date, items, today, past, outside }: DayCountProps) {
  const { t } = useTranslation();
  const urgent = URGENT.find((state) => items.some(({ post }) => post.state === state));
  return (
    <Link
      to="/calendar"
      search={(before) => ({ ...before, view: "day" as const, date })}
      className={classes.day}
      data-today={today || undefined}
      data-past={past || undefined}
      data-outside={outside || undefined}
      aria-current={today ? "date" : undefined}
    >
      <span className={classes.number}>{Number(date.slice(8))}</span>
      <Rest date={date} today={today} />
      {items.length > 0 && (
        <span className={classes.count}>
          {items.length}
          <span className="visually-hidden"> {t("calendar.postsWord", { count: items.length })}</span>
        </span>
      )}
      {urgent && <StateIcon state={urgent} />}
    </Link>
  );
}
