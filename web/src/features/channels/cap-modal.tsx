import { NumberInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { asProblem, fieldErrors } from "@/api/problem";
import type { Channel } from "@/api/types";
import { FormModal } from "@/components/form-modal";
import { toast } from "@/components/toast";
import { useChangeChannel } from "./queries";

/** How many posts may go out on a channel in a day. */
export function CapModal({ channel, onClose }: { channel: Channel; onClose: () => void }) {
  const { t } = useTranslation();
  const change = useChangeChannel(channel.id);
  const [cap, setCap] = useState<number | string>(channel.daily_cap ?? "");
  const problem = change.error ? asProblem(change.error) : null;
  const { byField, others } = fieldErrors(problem, { "/daily_cap": "cap" });
  const save = () => {
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
    <FormModal
      title={t("channels.capTitle", { name: channel.name })}
      problem={problem}
      others={others}
      busy={change.isPending}
      onSave={save}
      onClose={onClose}
    >
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
    </FormModal>
  );
}
