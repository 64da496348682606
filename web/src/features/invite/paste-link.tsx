import "@/i18n/connecting";
import { Button, Group, Stack, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { keys } from "@/api/keys";
import { ProblemView } from "@/components/problem-view";
import { openInvite, tokenOf } from "./queries";

/** Opens an invite link in this browser without leaving the page. */
export function PasteLink({ onOpened }: { onOpened?: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [link, setLink] = useState("");
  const [wrong, setWrong] = useState(false);
  const open = useMutation({
    mutationFn: openInvite,
    onSuccess: (invitation) => {
      client.setQueryData(keys.invitation, invitation);
      onOpened?.();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const token = tokenOf(link);
    setWrong(token === null);
    if (token) open.mutate(token);
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="xs">
        <TextInput
          label={t("invite.link")}
          description={t("invite.linkText")}
          type="url"
          inputMode="url"
          autoComplete="off"
          spellCheck={false}
          value={link}
          onChange={(event) => setLink(event.currentTarget.value)}
          error={wrong ? t("invite.linkWrong") : undefined}
        />
        {open.error && <ProblemView error={open.error} />}
        <Group>
          <Button type="submit" variant="default" loading={open.isPending}>
            {t("invite.linkGo")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
