import "@/i18n/scheduling";
import { Button, Group, Modal, MultiSelect, NumberInput, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { asProblem, fieldErrors } from "@/api/problem";
import type { Evergreen, EvergreenWhole } from "@/api/types";
import { useChannels } from "@/app/queries";
import { FormProblem } from "@/components/problem-view";
import { rowsOf, slotsOf, WeekEditor } from "@/features/slots/week-editor";
import classes from "./evergreen.module.css";
import { settingsOf, useSaveEvergreen } from "./queries";

interface Props {
  /** None makes a new one. */
  queue: Evergreen | null;
  onClose: () => void;
  onSaved: (queue: EvergreenWhole) => void;
}

/** What is set of a queue: its name, where and when it posts, how long its posts rest. */
export function SettingsModal({ queue, onClose, onSaved }: Props) {
  const { t } = useTranslation();
  const channels = useChannels().data ?? [];
  const save = useSaveEvergreen(queue);
  const [name, setName] = useState(queue?.name ?? "");
  const [picked, setPicked] = useState(queue?.channels ?? []);
  const [rows, setRows] = useState(() =>
    rowsOf(queue?.slots ?? [{ days: ["monday", "wednesday", "friday"], time: "10:00" }]),
  );
  const [rest, setRest] = useState(queue?.rest_days ?? 7);
  const [tried, setTried] = useState(false);
  const slots = slotsOf(rows);
  const wrong = {
    name: name.trim() === "",
    channels: picked.length === 0,
    slots: slots.length === 0 || slots.some(({ days }) => days.length === 0),
  };
  const problem = save.error ? asProblem(save.error) : null;
  const { byField, others } = fieldErrors(problem, { "/name": "name", "/rest_days": "rest" });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (wrong.name || wrong.channels || wrong.slots) return;
    const kept = queue ? settingsOf(queue) : { paused: false };
    save.mutate(
      { ...kept, name: name.trim(), channels: picked, slots, rest_days: rest },
      { onSuccess: onSaved },
    );
  };
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={t(queue ? "evergreen.editTitle" : "evergreen.newTitle")}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <form onSubmit={submit} noValidate>
        <Stack gap="sm">
          <FormProblem problem={problem} others={others} />
          <TextInput
            label={t("evergreen.name")}
            value={name}
            maxLength={100}
            onChange={(event) => setName(event.currentTarget.value)}
            error={tried && wrong.name ? t("evergreen.needName") : byField.name}
            data-autofocus
          />
          <MultiSelect
            label={t("evergreen.channels")}
            data={channels.map((channel) => ({ value: channel.id, label: channel.name }))}
            value={picked}
            onChange={setPicked}
            searchable
            error={tried && wrong.channels ? t("evergreen.needChannel") : undefined}
          />
          <fieldset className={classes.times} aria-label={t("evergreen.when")}>
            <Text size="sm" fw={500}>
              {t("evergreen.when")}
            </Text>
            <WeekEditor rows={rows} onRows={setRows} />
            {tried && wrong.slots && (
              <Text size="xs" c="var(--mantine-color-error)" role="alert">
                {t("evergreen.needSlot")}
              </Text>
            )}
          </fieldset>
          <NumberInput
            label={t("evergreen.rest")}
            description={t("evergreen.restText")}
            min={0}
            max={365}
            allowDecimal={false}
            value={rest}
            onChange={(value) => typeof value === "number" && setRest(value)}
            error={byField.rest}
            maw="16rem"
          />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t("common.cancel")}
            </Button>
            <Button type="submit" loading={save.isPending}>
              {t(queue ? "evergreen.save" : "evergreen.create")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
