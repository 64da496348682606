import { TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { asProblem, fieldErrors } from "@/api/problem";
import type { Channel } from "@/api/types";
import { FormModal } from "@/components/form-modal";
import { toast } from "@/components/toast";
import { useChangeChannel } from "./queries";

export function RenameModal({ channel, onClose }: { channel: Channel; onClose: () => void }) {
  const { t } = useTranslation();
  const change = useChangeChannel(channel.id);
  const [name, setName] = useState(channel.name);
  const [missing, setMissing] = useState(false);
  const problem = change.error ? asProblem(change.error) : null;
  const { byField, others } = fieldErrors(problem, { "/name": "name" });
  const save = () => {
    const wanted = name.trim();
    setMissing(!wanted);
    if (!wanted) return;
    change.mutate(
      { name: wanted },
      {
        onSuccess: () => {
          toast.done(t("channels.renamed"));
          onClose();
        },
      },
    );
  };
  return (
    <FormModal
      title={t("channels.renameTitle")}
      problem={problem}
      others={others}
      busy={change.isPending}
      onSave={save}
      onClose={onClose}
    >
      <TextInput
        label={t("channels.name")}
        description={t("channels.renameText")}
        value={name}
        maxLength={100}
        onChange={(event) => setName(event.currentTarget.value)}
        error={missing ? t("channels.needName") : byField.name}
        data-autofocus
      />
    </FormModal>
  );
}
