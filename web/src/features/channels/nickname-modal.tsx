import "@/i18n/connecting";
import { Button, Group, Modal, Stack, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { asProblem, fieldErrors } from "@/api/problem";
import type { Channel } from "@/api/types";
import { FormProblem } from "@/components/problem-view";
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
  const submit = (event: FormEvent) => {
    event.preventDefault();
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
    <Modal
      opened
      onClose={onClose}
      title={t("channels.nicknameTitle", { network: networkName })}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <form onSubmit={submit} noValidate>
        <Stack>
          <FormProblem problem={problem} others={others} />
          <TextInput
            label={t("channels.name")}
            description={t("channels.nicknameText", { network: networkName })}
            value={name}
            maxLength={max}
            onChange={(event) => setName(event.currentTarget.value)}
            error={byField.name}
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
