import "@/i18n/composing";
import { Chip, Code, Group, NumberInput, Select, Stack, Text } from "@mantine/core";
import { DateInput } from "@mantine/dates";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "@/app/format";
import { useSession } from "@/app/session";
import { addDays, type WallTime } from "@/app/zoned";
import { useDayNames } from "@/features/slots/day-names";
import type { Repeat } from "./model";
import {
  type Chosen,
  chosenOf,
  DAYS,
  type Day,
  dayOf,
  type End,
  FREQUENCIES,
  type Frequency,
  isLastDay,
  type Preset,
  presetChoice,
  presetOf,
  ruleOf,
} from "./repeat";
import classes from "./repeat-field.module.css";

interface Props {
  repeat: Repeat | null;
  due: WallTime;
  zone: string;
  occurrences: string[];
  onRepeat: (repeat: Repeat | null) => void;
}

/** Whether a post comes again: a few usual ways, or one's own. */
export function RepeatField({ repeat, due, occurrences, onRepeat }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const { date } = due;
  const chosen = repeat ? chosenOf(repeat.rule) : null;
  const [custom, setCustom] = useState(false);
  const preset: Preset = repeat ? (custom ? "custom" : presetOf(chosen, date)) : "none";
  const end: End = chosen?.end ?? { kind: "never" };
  const set = (next: Chosen) => onRepeat({ rule: ruleOf(next, date), except: repeat?.except ?? [] });
  const pick = (next: Preset) => {
    setCustom(next === "custom");
    if (next === "none") onRepeat(null);
    else if (next !== "custom") set(presetChoice(next, end));
    else if (!chosen) set(presetChoice("weekly", end));
  };
  const choices: Preset[] = [
    "none",
    "daily",
    "weekdays",
    "weekly",
    "monthly",
    ...(isLastDay(date) || preset === "lastDay" ? (["lastDay"] as const) : []),
    "yearly",
    "custom",
  ];
  const names = useDayNames("long");
  return (
    <Stack gap="xs">
      <Select
        label={t("composer.repeat.label")}
        data={choices.map((value) => ({
          value,
          label: t(`composer.repeat.preset.${value}`, {
            day: names[dayOf(date)],
            date: Number(date.slice(8)),
          }),
        }))}
        value={preset}
        onChange={(value) => value && pick(value as Preset)}
        allowDeselect={false}
        checkIconPosition="right"
      />
      {preset === "custom" && chosen && <Custom chosen={chosen} date={date} onChange={set} />}
      {preset === "custom" && repeat && !chosen && (
        <Text size="sm">
          {t("composer.repeat.asWritten")} <Code>{repeat.rule}</Code>
        </Text>
      )}
      {chosen && <Ends end={end} date={date} onEnd={(next) => set({ ...chosen, end: next })} />}
      {repeat && occurrences.length > 0 && (
        <Text size="xs" c="dimmed" aria-live="polite">
          {t("composer.repeat.next", {
            when: occurrences
              .slice(0, 3)
              .map((at) => format.dateTime(at))
              .join(" · "),
          })}
        </Text>
      )}
    </Stack>
  );
}

interface CustomProps {
  chosen: Chosen;
  date: string;
  onChange: (chosen: Chosen) => void;
}

function Custom({ chosen, date, onChange }: CustomProps) {
  const { t } = useTranslation();
  const short = useDayNames("short");
  const long = useDayNames("long");
  const { frequency, interval, days, month } = chosen;
  return (
    <>
      <Group gap="xs" grow align="flex-end">
        <NumberInput
          label={t("composer.repeat.every")}
          min={1}
          max={1000}
          allowDecimal={false}
          value={interval}
          onChange={(value) =>
            typeof value === "number" && value >= 1 && onChange({ ...chosen, interval: value })
          }
        />
        <Select
          label={t("composer.repeat.unit")}
          data={FREQUENCIES.map((value) => ({
            value,
            label: t(`composer.repeat.frequency.${value}`, { count: interval }),
          }))}
          value={frequency}
          onChange={(value) => value && onChange({ ...chosen, frequency: value as Frequency, month: "day" })}
          allowDeselect={false}
        />
      </Group>
      {frequency === "WEEKLY" && (
        <Chip.Group
          multiple
          value={days.length > 0 ? days : [dayOf(date)]}
          onChange={(value) => value.length > 0 && onChange({ ...chosen, days: value as Day[] })}
        >
          <Group gap={4} aria-label={t("composer.repeat.days")} className={classes.days}>
            {DAYS.map((day) => (
              <Chip key={day} value={day} size="xs" aria-label={long[day]}>
                {short[day]}
              </Chip>
            ))}
          </Group>
        </Chip.Group>
      )}
      {frequency === "MONTHLY" && (
        <Select
          label={t("composer.repeat.monthDay")}
          data={(["day", "nth", "last"] as const).map((value) => ({
            value,
            label: t(`composer.repeat.month.${value}`, {
              date: Number(date.slice(8)),
              day: long[dayOf(date)],
            }),
          }))}
          value={month}
          onChange={(value) => value && onChange({ ...chosen, month: value as Chosen["month"] })}
          allowDeselect={false}
        />
      )}
    </>
  );
}

interface EndsProps {
  end: End;
  date: string;
  onEnd: (end: End) => void;
}

function Ends({ end, date, onEnd }: EndsProps) {
  const { t } = useTranslation();
  const { user } = useSession();
  const kinds: Record<End["kind"], End> = {
    never: { kind: "never" },
    until: { kind: "until", date: addDays(date, 90) },
    count: { kind: "count", count: 10 },
  };
  return (
    <Group gap="xs" grow align="flex-end">
      <Select
        label={t("composer.repeat.ends")}
        data={(["never", "until", "count"] as const).map((kind) => ({
          value: kind,
          label: t(`composer.repeat.end.${kind}`),
        }))}
        value={end.kind}
        onChange={(kind) => kind && kind !== end.kind && onEnd(kinds[kind as End["kind"]])}
        allowDeselect={false}
      />
      {end.kind === "until" && (
        <DateInput
          label={t("composer.repeat.lastDay")}
          value={end.date}
          onChange={(until) => until && onEnd({ kind: "until", date: until })}
          valueFormat="D MMM YYYY"
          minDate={date}
          firstDayOfWeek={user.week_start === "sunday" ? 0 : 1}
          clearable={false}
          previousLabel={t("composer.when.previousMonth")}
          nextLabel={t("composer.when.nextMonth")}
        />
      )}
      {end.kind === "count" && (
        <NumberInput
          label={t("composer.repeat.times")}
          min={1}
          max={1000}
          allowDecimal={false}
          value={end.count}
          onChange={(count) => typeof count === "number" && count >= 1 && onEnd({ kind: "count", count })}
        />
      )}
    </Group>
  );
}
