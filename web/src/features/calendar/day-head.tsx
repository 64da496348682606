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

const MONTH = new Intl.DateTimeFormat("en-GB", { month: "long", timeZone: "UTC" });
const SHORT_MONTH = new Intl.DateTimeFormat("en-GB", { month: "short", timeZone: "UTC" });

export function sayDay(date: string): string {
  return LONG.format(Date.parse(date));
}

/** What those who see the calendar know from where the number stands. */
export function Rest({ date, today }: { date: string; today: boolean }) {
  const { t } = useTranslation();
  const month = MONTH.format(Date.parse(date));
  return (
    <span className="visually-hidden"> {today ? t("calendar.weekdayToday", { day: month }) : month}</span>
  );
}

/** Says of a day that nothing goes out on it. */
export function Gap() {
  const { t } = useTranslation();
  return <span className={classes.gap}>{t("calendar.gap")}</span>;
}

interface Props {
  date: string;
  today: boolean;
  /** Nothing goes out on it, though later days have posts. */
  gap: boolean;
  className?: string;
}

/** The head of a day's column: opens the day. */
export function DayHead({ date, today, gap, className }: Props) {
  return (
    <div className={className} data-head data-day={date}>
      <Link
        to="/calendar"
        search={(before) => ({ ...before, view: "day" as const, date })}
        className={classes.head}
        data-today={today || undefined}
        aria-current={today ? "date" : undefined}
      >
        <span className={classes.weekday}>{WEEKDAY.format(Date.parse(date))}</span>{" "}
        <span className={classes.number}>{Number(date.slice(8))}</span>
        <Rest date={date} today={today} />
        {gap && <Gap />}
      </Link>
    </div>
  );
}

/** The number of a day in the month's grid: opens the day. */
export function DayNumber({ date, today }: { date: string; today: boolean }) {
  const number = Number(date.slice(8));
  return (
    <Link
      to="/calendar"
      search={(before) => ({ ...before, view: "day" as const, date })}
      className={classes.number}
      data-today={today || undefined}
      data-corner
      data-nav
      tabIndex={-1}
      aria-current={today ? "date" : undefined}
    >
      {number === 1 ? `1 ${SHORT_MONTH.format(Date.parse(date))}` : number}
      <Rest date={date} today={today} />
    </Link>
  );
}
