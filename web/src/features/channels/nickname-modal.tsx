import "@/i18n/connecting";
import { TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { asProblem, fieldErrors } from "@/api/problem";
import type { Channel } from "@/api/types";
import { FormModal } from "@/components/form-modal";
import { toast } from "@/components/toast";
import { useNickname } from "./queries";

interface Props {
  channel: Channel;
  networkName: string;
  /** Characters. */
  max: number;
  onClose: () => void;
}

/** What the account is called at the network, where it posts. */
export function NicknameModal({ channel, networkName, max, onClose }: Props) {
  const { t } = useTranslation();
  const [name, setName] = useState("");
  const change = useNickname(channel.id);
  const problem = change.error ? asProblem(change.error) : null;
  const { byField, others } = fieldErrors(problem, { "/name": "name" });
  const save = () => {
    change.mutate(name.trim(), {
      onSuccess: () => {
        toast.done(
          name.trim()
            ? t("channels.nicknameDone", { name: name.trim(), network: networkName })
            : t("channels.nicknameGone", { network: networkName }),
        );
        onClose();
      },
    });
  };
  return (
    <FormModal
      title={t("channels.nicknameTitle", { network: networkName })}
      problem={problem}
      others={others}
      busy={change.isPending}
      onSave={save}
      onClose={onClose}
    >
      <TextInput
        label={t("channels.name")}
        description={t("channels.nicknameText", { network: networkName })}
        value={name}
        maxLength={max}
        onChange={(event) => setName(event.currentTarget.value)}
        error={byField.name}
        data-autofocus
      />
    </FormModal>
  );
}
