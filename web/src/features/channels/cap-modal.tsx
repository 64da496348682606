import { Button, Group, Modal, NumberInput, Stack } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { asProblem, fieldErrors } from "@/api/problem";
import type { Channel } from "@/api/types";
import { FormProblem } from "@/components/problem-view";
import { toast } from "@/components/toast";
import { useChangeChannel } from "./queries";

/** How many posts may go out on a channel in a day. */
export function CapModal({ channel, onClose }: { channel: Channel; onClose: () => void }) {
  const { t } = useTranslation();
  const change = useChangeChannel(channel.id);
  const [cap, setCap] = useState<number | string>(channel.daily_cap ?? "");
  const problem = change.error ? asProblem(change.error) : null;
  const { byField, others } = fieldErrors(problem, { "/daily_cap": "cap" });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate(
      { daily_cap: cap === "" ? null : Number(cap) },
      {
        onSuccess: () => {
          toast.done(t("channels.capSaved"));
          onClose();
        },
      },
    );
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("channels.capTitle", { name: channel.name })}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <form onSubmit={submit} noValidate>
        <Stack>
          <FormProblem problem={problem} others={others} />
          <NumberInput
            label={t("channels.cap")}
            description={t("channels.capText")}
            value={cap}
            onChange={setCap}
            min={1}
            max={10_000}
            allowDecimal={false}
            allowNegative={false}
            hideControls
            error={byField.cap}
            data-autofocus
          />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t("common.cancel")}
            </Button>
            <Button type="submit" loading={change.isPending}>
              {t("common.save")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
