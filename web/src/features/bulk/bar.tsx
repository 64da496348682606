import "@/i18n/scheduling";
import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { DatePickerInput } from "@mantine/dates";
import "@mantine/dates/styles.css";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { BulkAction, BulkOutcome } from "@/api/types";
import { useSession } from "@/app/session";
import { today } from "@/app/zoned";
import { Confirm } from "@/components/confirm";
import { toast } from "@/components/toast";
import classes from "./bar.module.css";
import { useBulk } from "./queries";
import { refusals, undoOf } from "./undo";
import type { Selection } from "./use-selection";

interface Props {
  selection: Selection;
  /** The posts that can be seen, for selecting them all. */
  shown: readonly string[];
}

const DONE = {
  move_by: "move",
  move_to_day: "move",
  move_each: "move",
  pause: "pause",
  resume: "resume",
  delete: "delete",
} as const;

/** What can be done with the selected posts, in one go. */
export function BulkBar({ selection, shown }: Props) {
  const { t } = useTranslation();
  const bulk = useBulk();
  const [dialog, setDialog] = useState<"move" | "delete" | null>(null);
  const ids = [...selection.ids];
  const none = ids.length === 0;

  const say = (action: BulkAction, outcomes: BulkOutcome[]) => {
    const count = outcomes.filter(({ refused }) => !refused).length;
    const undo = undoOf(action, outcomes, Date.now());
    if (count > 0) {
      toast.done(
        <Group gap="sm" justify="space-between" wrap="nowrap">
          <span>{t(`bulk.done.${DONE[action.kind]}`, { count })}</span>
          {undo && (
            <Button
              size="compact-sm"
              variant="subtle"
              onClick={() =>
                bulk.mutate(undo, {
                  onSuccess: (back) => say(undo.action, back),
                  onError: (error) => toast.failed(error),
                })
              }
            >
              {t("common.undo")}
            </Button>
          )}
        </Group>,
      );
    }
    for (const { title, count: left } of refusals(outcomes))
      toast.told(`${t("bulk.left", { count: left })}: ${title}.`);
  };
  const act = (action: BulkAction, then?: () => void) =>
    bulk.mutate(
      { ids, action },
      {
        onSuccess: (outcomes) => {
          say(action, outcomes);
          setDialog(null);
          then?.();
        },
        onError: (error) => {
          if (dialog === null) toast.failed(error);
        },
      },
    );

  return (
    <section className={classes.bar} aria-label={t("bulk.bar")}>
      <Text size="sm" fw={600} aria-live="polite">
        {none ? t("bulk.hint") : t("bulk.count", { count: ids.length })}
      </Text>
      <Group gap={6}>
        <Button
          variant="subtle"
          size="compact-sm"
          onClick={() => selection.set(none ? shown : [])}
          disabled={none && shown.length === 0}
        >
          {t(none ? "bulk.all" : "bulk.none")}
        </Button>
        <Button
          variant="default"
          size="compact-sm"
          disabled={none}
          onClick={() => act({ kind: "move_by", days: -1, minutes: 0 })}
        >
          {t("bulk.earlier")}
        </Button>
        <Button
          variant="default"
          size="compact-sm"
          disabled={none}
          onClick={() => act({ kind: "move_by", days: 1, minutes: 0 })}
        >
          {t("bulk.later")}
        </Button>
        <Button variant="default" size="compact-sm" disabled={none} onClick={() => setDialog("move")}>
          {t("bulk.move")}
        </Button>
        <Button variant="default" size="compact-sm" disabled={none} onClick={() => act({ kind: "pause" })}>
          {t("bulk.pause")}
        </Button>
        <Button variant="default" size="compact-sm" disabled={none} onClick={() => act({ kind: "resume" })}>
          {t("bulk.resume")}
        </Button>
        <Button
          variant="default"
          size="compact-sm"
          disabled={none}
          c="var(--mantine-color-error)"
          onClick={() => setDialog("delete")}
        >
          {t("bulk.delete")}
        </Button>
        <Button size="compact-sm" onClick={selection.stop}>
          {t("bulk.stop")}
        </Button>
      </Group>
      {dialog === "move" && (
        <ToDay
          busy={bulk.isPending}
          onClose={() => setDialog(null)}
          onDay={(day) => act({ kind: "move_to_day", day })}
        />
      )}
      <Confirm
        opened={dialog === "delete"}
        title={t("bulk.deleteTitle", { count: ids.length })}
        confirmLabel={t("common.delete")}
        danger
        busy={bulk.isPending}
        error={bulk.error}
        onClose={() => {
          bulk.reset();
          setDialog(null);
        }}
        onConfirm={() => act({ kind: "delete" }, () => selection.set([]))}
      >
        {t("bulk.deleteText")}
      </Confirm>
    </section>
  );
}

function ToDay({
  busy,
  onClose,
  onDay,
}: {
  busy: boolean;
  onClose: () => void;
  onDay: (day: string) => void;
}) {
  const { t } = useTranslation();
  const { user } = useSession();
  const first = today(user.time_zone, Date.now());
  const [day, setDay] = useState<string | null>(first);
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("bulk.moveTitle")}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <Stack>
        <DatePickerInput
          label={t("post.moveDialog.date")}
          description={t("bulk.moveText")}
          value={day}
          onChange={setDay}
          valueFormat="ddd D MMM YYYY"
          firstDayOfWeek={user.week_start === "monday" ? 1 : 0}
          minDate={first}
          popoverProps={{ withinPortal: true }}
          data-autofocus
        />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t("common.cancel")}
          </Button>
          <Button loading={busy} disabled={!day} onClick={() => day && onDay(day)}>
            {t("bulk.moveDo")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
