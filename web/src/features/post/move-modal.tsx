import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { DatePickerInput, TimePicker } from "@mantine/dates";
import "@mantine/dates/styles.css";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { PublicationState } from "@/api/types";
import { useFormat, zoneLabel } from "@/app/format";
import { useSession } from "@/app/session";
import { instantOf, instantString, today, wallOf } from "@/app/zoned";
import { ProblemView } from "@/components/problem-view";
import { type RepeatScope, useMovePost } from "./queries";
import { RepeatScopeChoice } from "./repeat-scope";

interface Props {
  post: {
    id: string;
    due_at?: string | null;
    series_id?: string | null;
    publications: readonly { state: PublicationState }[];
  };
  onClose: () => void;
  onMoved: (to: string) => void;
}

/** Asks for a post's new day and time. */
export function MoveModal({ post, onClose, onMoved }: Props) {
  const { t } = useTranslation();
  const { user } = useSession();
  const format = useFormat();
  const move = useMovePost();
  const zone = user.time_zone;
  const [start] = useState(() => {
    const tomorrow = instantString(Date.now() + 86_400_000);
    return wallOf(post.due_at && Date.parse(post.due_at) > Date.now() ? post.due_at : tomorrow, zone);
  });
  const [date, setDate] = useState<string | null>(start.date);
  const [time, setTime] = useState(start.time);
  const [tried, setTried] = useState(false);
  const [scope, setScope] = useState<RepeatScope>("this");

  const resolved = date && time ? instantOf({ date, time: time.slice(0, 5) }, zone) : null;
  const past = resolved !== null && Date.parse(resolved.iso) <= Date.now();
  const dateError = tried && !date ? t("post.moveDialog.needDate") : undefined;
  const timeError =
    tried && !time ? t("post.moveDialog.needTime") : past ? t("post.moveDialog.past") : undefined;
  const partly = post.publications.some(({ state }) => state === "published");

  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (!resolved || past) return;
    move.mutate(
      { id: post.id, from: post.due_at, to: resolved.iso, ...(post.series_id && { scope }) },
      { onSuccess: () => onMoved(resolved.iso) },
    );
  };

  return (
    <Modal
      opened
      onClose={onClose}
      title={t("post.moveDialog.title")}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <form onSubmit={submit} noValidate>
        <Stack>
          <Group grow align="flex-start" gap="sm">
            <DatePickerInput
              label={t("post.moveDialog.date")}
              value={date}
              onChange={setDate}
              valueFormat="D MMM YYYY"
              firstDayOfWeek={user.week_start === "monday" ? 1 : 0}
              minDate={today(zone, Date.now())}
              error={dateError}
              popoverProps={{ withinPortal: true }}
              data-autofocus
            />
            <TimePicker
              label={t("post.moveDialog.time")}
              value={time}
              onChange={setTime}
              format={format.hour12 ? "12h" : "24h"}
              hoursInputLabel={t("post.moveDialog.time")}
              minutesInputLabel={t("post.moveDialog.time")}
              error={timeError}
            />
          </Group>
          <Text size="sm" c="dimmed">
            {t("post.moveDialog.zone", {
              zone: zoneLabel(zone, resolved ? new Date(resolved.iso) : new Date()),
            })}
          </Text>
          {resolved?.note === "gap" && (
            <Text size="sm">{t("post.moveDialog.gap", { time: format.time(resolved.iso) })}</Text>
          )}
          {resolved?.note === "overlap" && <Text size="sm">{t("post.moveDialog.overlap")}</Text>}
          {partly && <Text size="sm">{t("post.moveDialog.partly")}</Text>}
          {post.series_id && <RepeatScopeChoice scope={scope} onScope={setScope} />}
          {move.error && <ProblemView error={move.error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t("common.cancel")}
            </Button>
            <Button type="submit" loading={move.isPending}>
              {t("post.moveDialog.save")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
