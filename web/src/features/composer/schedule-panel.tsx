import "@/i18n/composing";
import { Button, Group, SegmentedControl, Select, Stack, Text } from "@mantine/core";
import { DateInput, TimePicker } from "@mantine/dates";
import { useMediaQuery } from "@mantine/hooks";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { allZones, makeFormat, zoneLabel } from "@/app/format";
import { useSession } from "@/app/session";
import { instantOf, today, type WallTime } from "@/app/zoned";
import type { Repeat } from "./model";
import { NextSlot } from "./next-slot";
import { RepeatField } from "./repeat-field";
import { type QuickChoice, quickChoices } from "./schedule";
import classes from "./schedule-panel.module.css";

export type Mode = "scheduled" | "next_slot" | "now";

interface Props {
  mode: Mode;
  due: WallTime | null;
  zone: string;
  now: number;
  error: string | null;
  onMode: (mode: Mode) => void;
  onDue: (due: WallTime | null) => void;
  onZone: (zone: string) => void;
  channels: string[];
  /** The post's id, once it has one. */
  post: string | null;
  repeat: Repeat | null;
  /** The first times at which it goes out, where it repeats. */
  occurrences: string[];
  canRepeat: boolean;
  onRepeat: (repeat: Repeat | null) => void;
}

/** When it goes out: now, at the next free slot, or at a date and time in the person's zone, once or again and again. */
export function SchedulePanel({
  mode,
  onMode,
  channels,
  post,
  repeat,
  occurrences,
  canRepeat,
  onRepeat,
  ...at
}: Props) {
  const { t } = useTranslation();
  const { due, zone } = at;
  return (
    <section aria-label={t("composer.when.title")} id="compose-due" tabIndex={-1} className={classes.root}>
      <Stack gap="xs">
        <SegmentedControl
          fullWidth
          size="sm"
          aria-label={t("composer.when.title")}
          value={mode}
          onChange={(value) => onMode(value as Mode)}
          data={[
            { value: "scheduled", label: t("composer.when.scheduled") },
            { value: "now", label: t("composer.when.now") },
            { value: "next_slot", label: t("composer.when.queue") },
          ]}
        />
        {mode === "now" ? (
          <Text size="sm" c="dimmed">
            {t("composer.when.nowText")}
          </Text>
        ) : mode === "next_slot" ? (
          <NextSlot channels={channels} post={post} />
        ) : (
          <>
            <AtTime {...at} />
            {canRepeat && due && (
              <RepeatField
                repeat={repeat}
                due={due}
                zone={zone}
                occurrences={occurrences}
                onRepeat={onRepeat}
              />
            )}
          </>
        )}
      </Stack>
    </section>
  );
}

type AtTimeProps = Pick<Props, "due" | "zone" | "now" | "error" | "onDue" | "onZone">;

function AtTime({ due, zone, now, error, onDue, onZone }: AtTimeProps) {
  const { t } = useTranslation();
  const { user } = useSession();
  const [choosingZone, setChoosingZone] = useState(false);
  const wide = useMediaQuery("(min-width: 70em)");
  const format = makeFormat(zone, user.clock);
  const resolved = due ? instantOf(due, zone) : null;
  const first = today(zone, now);
  const set = (change: Partial<WallTime>) => {
    const date = change.date ?? due?.date ?? first;
    const time = change.time ?? due?.time ?? "09:00";
    onDue({ date, time });
  };
  return (
    <>
      <div className={classes.fields}>
        <DateInput
          label={t("composer.when.date")}
          value={due?.date ?? null}
          onChange={(date) => (date ? set({ date }) : onDue(null))}
          valueFormat="ddd D MMM YYYY"
          firstDayOfWeek={user.week_start === "sunday" ? 0 : 1}
          minDate={first}
          clearable={false}
          error={error !== null}
          aria-describedby={error ? "compose-due-error" : undefined}
          // Beside the field where there is room: below it are the quick choices.
          popoverProps={{ position: wide ? "left-start" : "bottom-start" }}
          previousLabel={t("composer.when.previousMonth")}
          nextLabel={t("composer.when.nextMonth")}
        />
        <TimePicker
          label={t("composer.when.time")}
          format={user.clock === "h12" ? "12h" : "24h"}
          value={due?.time ?? ""}
          onChange={(time) => time && set({ time: time.slice(0, 5) })}
          hoursInputLabel={t("composer.when.hours")}
          minutesInputLabel={t("composer.when.minutes")}
          amPmInputLabel={t("composer.when.amPm")}
          error={error !== null}
        />
      </div>
      {error && (
        <Text size="sm" c="var(--mantine-color-error)" id="compose-due-error" role="alert">
          {error}
        </Text>
      )}
      {resolved?.note && (
        <Text size="sm" c="light-dark(#935000, #f2b053)">
          {t(resolved.note === "gap" ? "composer.when.gap" : "composer.when.overlap", {
            time: format.time(resolved.iso),
          })}
        </Text>
      )}
      <Group gap={6}>
        {quickChoices(now, zone).map((choice) => (
          <Quick
            key={choice.id}
            choice={choice}
            time={format.time(instantOf(choice.wall, zone).iso)}
            onPick={() => onDue(choice.wall)}
          />
        ))}
      </Group>
      {choosingZone ? (
        <Select
          label={t("composer.when.zone")}
          searchable
          data={allZones()}
          value={zone}
          onChange={(next) => {
            if (next) onZone(next);
            setChoosingZone(false);
          }}
          onBlur={() => setChoosingZone(false)}
          allowDeselect={false}
          nothingFoundMessage={t("composer.when.noZone")}
          autoFocus
        />
      ) : (
        <Group gap={6} wrap="wrap">
          <Text size="xs" c="dimmed">
            {t("composer.when.inZone", {
              zone: zoneLabel(zone, resolved ? new Date(resolved.iso) : new Date(now)),
            })}
          </Text>
          <Button variant="subtle" size="compact-xs" onClick={() => setChoosingZone(true)}>
            {t("composer.when.changeZone")}
          </Button>
          {zone !== user.time_zone && (
            <Button variant="subtle" size="compact-xs" onClick={() => onZone(user.time_zone)}>
              {t("composer.when.ownZone")}
            </Button>
          )}
        </Group>
      )}
      {resolved && zone !== user.time_zone && (
        <Text size="xs" c="dimmed">
          {t("composer.when.forYou", { when: makeFormat(user.time_zone, user.clock).dateTime(resolved.iso) })}
        </Text>
      )}
    </>
  );
}

function Quick({ choice, time, onPick }: { choice: QuickChoice; time: string; onPick: () => void }) {
  const { t } = useTranslation();
  return (
    <Button variant="default" size="compact-xs" onClick={onPick}>
      {t(`composer.when.quick.${choice.id}`, { time })}
    </Button>
  );
}
