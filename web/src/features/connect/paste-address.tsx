import "@/i18n/connecting";
import { Anchor, Button, Collapse, Group, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { keys } from "@/api/keys";
import { asProblem, fieldErrors } from "@/api/problem";
import type { AttemptView } from "@/api/types";
import { useSession } from "@/app/session";
import { ProblemView } from "@/components/problem-view";
import { attemptPage, attempts } from "./queries";

/** Where the network's redirect can't reach the server, the address it led to is pasted instead. */
export function PasteAddress({ attempt }: { attempt: AttemptView }) {
  const { t } = useTranslation();
  const { workspace } = useSession();
  const client = useQueryClient();
  const navigate = useNavigate();
  const id = useId();
  const [opened, setOpened] = useState(false);
  const [address, setAddress] = useState("");
  const [missing, setMissing] = useState(false);
  const finish = useMutation({
    mutationFn: (value: string) => attempts.address(workspace.id, attempt.id, value),
    onSuccess: ({ attempt: next, nonce }) => {
      client.setQueryData(keys.attempt(workspace.id, next.id), { workspace: workspace.id, attempt: next });
      if (!nonce) return;
      const hash = new URLSearchParams({ nonce }).toString();
      void navigate({ to: attemptPage(workspace.id), params: { attempt: next.id }, hash, replace: true });
    },
  });
  const problem = finish.error ? asProblem(finish.error) : null;
  const { byField, others } = fieldErrors(problem, { "/address": "address" });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setMissing(!address.trim());
    if (address.trim()) finish.mutate(address.trim());
  };
  return (
    <div>
      <Anchor
        component="button"
        type="button"
        size="sm"
        ta="start"
        onClick={() => setOpened(!opened)}
        aria-expanded={opened}
        aria-controls={id}
      >
        {t("connect.wait.paste")}
      </Anchor>
      <Collapse expanded={opened} id={id}>
        <form onSubmit={submit} noValidate>
          <Stack gap="xs" mt="xs">
            <Text size="sm" c="dimmed">
              {t("connect.wait.pasteText")}
            </Text>
            <TextInput
              label={t("connect.wait.pasteLabel")}
              type="url"
              inputMode="url"
              autoComplete="off"
              spellCheck={false}
              value={address}
              onChange={(event) => setAddress(event.currentTarget.value)}
              error={missing ? t("connect.wait.pasteNeeded") : byField.address}
            />
            {problem && (others.length > 0 || problem.errors.length === 0 || problem.diagnosis) && (
              <ProblemView error={problem} errors={others} />
            )}
            <Group>
              <Button type="submit" variant="default" loading={finish.isPending}>
                {t("connect.wait.pasteGo")}
              </Button>
            </Group>
          </Stack>
        </form>
      </Collapse>
    </div>
  );
}
