import "@/i18n/composing";
import "@/i18n/scheduling";
import { ActionIcon, Button, Chip, Group, Stack, Text } from "@mantine/core";
import { TimePicker } from "@mantine/dates";
import "@mantine/dates/styles.css";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import type { Slot } from "@/api/types";
import { useFormat } from "@/app/format";
import { SLOT_DAYS, type SlotDay, useDayNames } from "./day-names";
import classes from "./week-editor.module.css";

/** A slot with a key that stays while its time is being changed. */
export interface Row extends Slot {
  key: string;
}

let lastKey = 0;
export function rowsOf(slots: readonly Slot[]): Row[] {
  return slots.map((slot) => {
    lastKey += 1;
    return { ...slot, key: `slot-${lastKey}` };
  });
}

/** The slots without keys, in order, as they are kept. */
export function slotsOf(rows: readonly Row[]): Slot[] {
  return rows
    .map(({ days, time }) => ({ days: SLOT_DAYS.filter((day) => days.includes(day)), time }))
    .sort((a, b) => a.time.localeCompare(b.time));
}

interface Props {
  rows: Row[];
  disabled?: boolean;
  onRows: (rows: Row[]) => void;
}

/** Times of the week: each a time of day, and on which days. */
export function WeekEditor({ rows, disabled, onRows }: Props) {
  const { t } = useTranslation();
  const change = (key: string, to: Partial<Slot>) =>
    onRows(rows.map((row) => (row.key === key ? { ...row, ...to } : row)));
  const add = () => onRows([...rows, ...rowsOf([{ days: [...SLOT_DAYS], time: "12:00" }])]);
  return (
    <Stack gap="xs">
      {rows.length === 0 && (
        <Text size="sm" c="dimmed">
          {t("slots.empty")}
        </Text>
      )}
      {rows.map((row, index) => (
        <SlotRow
          key={row.key}
          row={row}
          number={index + 1}
          disabled={disabled}
          onChange={(to) => change(row.key, to)}
          onRemove={() => onRows(rows.filter(({ key }) => key !== row.key))}
        />
      ))}
      {!disabled && (
        <Group>
          <Button
            variant="default"
            size="compact-sm"
            leftSection={<IconPlus size={14} aria-hidden />}
            onClick={add}
          >
            {t("slots.add")}
          </Button>
        </Group>
      )}
    </Stack>
  );
}

interface RowProps {
  row: Row;
  number: number;
  disabled?: boolean;
  onChange: (to: Partial<Slot>) => void;
  onRemove: () => void;
}

function SlotRow({ row, number, disabled, onChange, onRemove }: RowProps) {
  const { t } = useTranslation();
  const { hour12 } = useFormat();
  const short = useDayNames("short");
  const long = useDayNames("long");
  const id = useId();
  return (
    <fieldset className={classes.row} aria-label={t("slots.slot", { number })}>
      <TimePicker
        aria-label={t("slots.time")}
        value={row.time}
        onChange={(time) => time && onChange({ time: time.slice(0, 5) })}
        format={hour12 ? "12h" : "24h"}
        hoursInputLabel={t("composer.when.hours")}
        minutesInputLabel={t("composer.when.minutes")}
        amPmInputLabel={t("composer.when.amPm")}
        disabled={disabled}
      />
      <Chip.Group multiple value={row.days} onChange={(days) => onChange({ days: days as SlotDay[] })}>
        <Group gap={4} className={classes.days}>
          {SLOT_DAYS.map((day) => (
            <Chip
              key={day}
              id={`${id}-${day}`}
              value={day}
              size="xs"
              disabled={disabled}
              aria-label={long[day]}
            >
              {short[day]}
            </Chip>
          ))}
        </Group>
      </Chip.Group>
      {!disabled && (
        <ActionIcon
          variant="subtle"
          color="gray"
          onClick={onRemove}
          aria-label={t("slots.remove", { number })}
        >
          <IconTrash size={16} aria-hidden />
        </ActionIcon>
      )}
      {row.days.length === 0 && (
        <Text size="xs" c="var(--mantine-color-error)" role="alert" className={classes.wrong}>
          {t("slots.noDay")}
        </Text>
      )}
    </fieldset>
  );
}
