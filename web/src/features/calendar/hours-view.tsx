import { type ReactNode, useEffect, useRef } from "react";
import { wallOf } from "@/app/zoned";
import { Card, type CardContext } from "./card";
import { DayHead } from "./day-head";
import classes from "./hours-view.module.css";
import { abridge, byDay, byHour, gaps, type Placed } from "./layout";
import { MoreButton } from "./more-button";
import { type Cell, clocksChange, hourKind, startOfDay } from "./range";
import { Slot } from "./slot";

interface Props {
  dates: readonly string[];
  placed: readonly Placed[];
  context: CardContext;
  zone: string;
  now: number;
  sayCell: (cell: Cell) => string;
  onWrite: (at: string) => void;
  onMore: (items: readonly Placed[], title: string) => void;
  loading: ReactNode;
  /** The posts are there. */
  ready: boolean;
}

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);
/** A week's cell is narrow: beyond this, the rest is behind a button. A single day has room for all. */
const ROOM = 4;

/** Days side by side with a row for every hour; rows grow with what is in them. */
export function HoursView({
  dates,
  placed,
  context,
  zone,
  now,
  sayCell,
  onWrite,
  onMore,
  loading,
  ready,
}: Props) {
  const here = wallOf(new Date(now).toISOString(), zone);
  const days = byDay(placed);
  const hours = new Map(dates.map((date) => [date, byHour(days.get(date) ?? [])]));
  const empty = gaps(dates, days, here.date);
  const changing = new Set(dates.filter((date) => clocksChange(date, zone)));
  const room = dates.length > 1 ? ROOM : Number.POSITIVE_INFINITY;
  const start = useStartHour(dates, placed, here, ready);

  return (
    <div className={classes.grid} style={{ "--days": dates.length } as React.CSSProperties}>
      <div className={classes.corner} data-head>
        {zoneOffset(zone, dates[0] ?? here.date)}
      </div>
      {dates.map((date) => (
        <DayHead
          key={date}
          date={date}
          today={date === here.date}
          gap={empty.has(date)}
          className={classes.head}
        />
      ))}
      {HOURS.map((hour) => (
        <div key={hour} className={classes.row} ref={hour === start.hour ? start.ref : undefined}>
          <div className={classes.hour} aria-hidden>
            {hourLabel(hour, context.format.hour12)}
          </div>
          {dates.map((date, col) => {
            const kind = changing.has(date) ? hourKind(date, hour, zone) : "plain";
            const items = hours.get(date)?.get(hour) ?? [];
            const { shown, more } = abridge(items, room);
            const isNow = date === here.date && hour === Number(here.time.slice(0, 2));
            const when = sayCell({ date, hour });
            return (
              <Slot
                key={date}
                cell={{ date, hour }}
                col={col}
                row={hour}
                now={now}
                zone={zone}
                onWrite={onWrite}
                when={when}
                absent={kind === "absent"}
                twice={kind === "twice"}
                today={date === here.date}
                className={classes.cell}
              >
                {isNow && (
                  <span
                    className={classes.now}
                    style={{ top: `${(Number(here.time.slice(3)) / 60) * 100}%` }}
                    aria-hidden
                  />
                )}
                {shown.map((item) => (
                  <Card key={item.post.id} item={item} context={context} lines={3} />
                ))}
                {more > 0 && <MoreButton count={more} day={when} onClick={() => onMore(items, when)} />}
              </Slot>
            );
          })}
        </div>
      ))}
      {loading}
    </div>
  );
}

export function hourLabel(hour: number, hour12: boolean): string {
  if (!hour12) return `${String(hour).padStart(2, "0")}:00`;
  return `${hour % 12 === 0 ? 12 : hour % 12} ${hour < 12 ? "am" : "pm"}`;
}

/** "GMT+1": the zone of the hours, on their first day. */
function zoneOffset(zone: string, date: string): string {
  return (
    new Intl.DateTimeFormat("en-GB", { timeZone: zone, timeZoneName: "shortOffset" })
      .formatToParts(new Date(startOfDay(date, zone)))
      .find(({ type }) => type === "timeZoneName")?.value ?? ""
  );
}

const EARLY = 7;

/** Brings hours of interest into sight once: an hour before now or, where now is not shown, the first post's; by day. */
function useStartHour(
  dates: readonly string[],
  placed: readonly Placed[],
  here: { date: string; time: string },
  ready: boolean,
) {
  const ref = useRef<HTMLDivElement>(null);
  const hour = dates.includes(here.date)
    ? Math.max(0, Number(here.time.slice(0, 2)) - 1)
    : Math.min(EARLY, ...placed.map((item) => item.hour));
  const from = dates[0];
  // biome-ignore lint/correctness/useExhaustiveDependencies: when other days are shown and when their posts are there, not with every change
  useEffect(() => {
    const row = ref.current;
    const area = row?.closest<HTMLElement>("[data-scroll]");
    const head = area?.querySelector("[data-head]");
    const label = row?.firstElementChild;
    if (!area || !head || !label) return;
    area.scrollTop += label.getBoundingClientRect().top - head.getBoundingClientRect().bottom;
    // Where the days are wider than the screen, today is the first in sight.
    const column = area.querySelector(`[data-day="${here.date}"]`);
    if (column) area.scrollLeft += column.getBoundingClientRect().left - head.getBoundingClientRect().right;
  }, [from, ready]);
  return { ref, hour };
}
