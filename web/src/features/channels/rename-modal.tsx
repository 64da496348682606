import { Button, Group, Modal, Stack, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { asProblem, fieldErrors } from "@/api/problem";
import type { Channel } from "@/api/types";
import { FormProblem } from "@/components/problem-view";
import { toast } from "@/components/toast";
import { useChangeChannel } from "./queries";

export function RenameModal({ channel, onClose }: { channel: Channel; onClose: () => void }) {
  const { t } = useTranslation();
  const change = useChangeChannel(channel.id);
  const [name, setName] = useState(channel.name);
  const [missing, setMissing] = useState(false);
  const problem = change.error ? asProblem(change.error) : null;
  const { byField, others } = fieldErrors(problem, { "/name": "name" });
  const submit = (event: FormEvent) => {
    event.preventDefault();
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
    <Modal
      opened
      onClose={onClose}
      title={t("channels.renameTitle")}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <form onSubmit={submit} noValidate>
        <Stack>
          <FormProblem problem={problem} others={others} />
          <TextInput
            label={t("channels.name")}
            description={t("channels.renameText")}
            value={name}
            maxLength={100}
            onChange={(event) => setName(event.currentTarget.value)}
            error={missing ? t("channels.needName") : byField.name}
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
