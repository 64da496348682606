import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import classes from "./day-head.module.css";

const WEEKDAY = new Intl.DateTimeFormat("en-GB", { weekday: "short", timeZone: "UTC" });
const LONG = new Intl.DateTimeFormat("en-GB", {
  weekday: "long",
  day: "numeric",
  month: "long",
  timeZone: "UTC",
});

export function sayDay(date: string): string {
  return LONG.format(Date.parse(date));
}

interface Props {
  date: string;
  today: boolean;
  className?: string;
}

/** The head of a day's column: opens the day. */
export function DayHead({ date, today, className }: Props) {
  const { t } = useTranslation();
  const label = today ? t("calendar.weekdayToday", { day: sayDay(date) }) : sayDay(date);
  return (
    <div className={className} data-head data-day={date}>
      <Link
        to="/calendar"
        search={(before) => ({ ...before, view: "day" as const, date })}
        className={classes.head}
        data-today={today || undefined}
        aria-label={label}
        aria-current={today ? "date" : undefined}
      >
        <span className={classes.weekday}>{WEEKDAY.format(Date.parse(date))}</span>
        <span className={classes.number}>{Number(date.slice(8))}</span>
      </Link>
    </div>
  );
}

/** The number of a day in the month's grid: opens the day. */
export function DayNumber({ date, today }: { date: string; today: boolean }) {
  const { t } = useTranslation();
  const label = today ? t("calendar.weekdayToday", { day: sayDay(date) }) : sayDay(date);
  const number = Number(date.slice(8));
  const month = new Intl.DateTimeFormat("en-GB", { month: "short", timeZone: "UTC" });
  return (
    <Link
      to="/calendar"
      search={(before) => ({ ...before, view: "day" as const, date })}
      className={classes.number}
      data-today={today || undefined}
      data-corner
      data-nav
      tabIndex={-1}
      aria-label={label}
      aria-current={today ? "date" : undefined}
    >
      {number === 1 ? `1 ${month.format(Date.parse(date))}` : number}
    </Link>
  );
}
