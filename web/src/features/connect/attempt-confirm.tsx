import "@/i18n/connecting";
import { Avatar, Button, Group, Paper, Stack, Text } from "@mantine/core";
import { useLocation } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { AttemptView } from "@/api/types";
import { useSession } from "@/app/session";
import { ProblemView } from "@/components/problem-view";
import { nonceOf } from "./nonce";
import { attempts } from "./queries";
import { useAttemptAction } from "./use-attempt-action";
import { useStartAgain } from "./use-start-again";

/** Another browser came back than the one that left: the account is attached only after a person names it theirs. */
export function ConfirmView({ attempt }: { attempt: AttemptView }) {
  const { t } = useTranslation();
  const { workspace } = useSession();
  const nonce = nonceOf(useLocation().hash);
  const confirm = useAttemptAction((ws, value: string) => attempts.confirm(ws, attempt.id, value));
  const cancel = useAttemptAction((ws) => attempts.cancel(ws, attempt.id));
  const again = useStartAgain(attempt);
  const name = attempt.account?.name ?? attempt.network;

  if (!nonce) {
    return (
      <Stack align="flex-start">
        <Text>{t("connect.confirm.elsewhere")}</Text>
        <Button variant="default" onClick={() => again.mutate()} loading={again.isPending}>
          {t("connect.failed.again")}
        </Button>
        {again.error && <ProblemView error={again.error} />}
      </Stack>
    );
  }
  return (
    <Stack>
      <Text>{t("connect.confirm.text")}</Text>
      {attempt.account && (
        <Paper withBorder p="md">
          <Group wrap="nowrap">
            <Avatar src={ownAddress(attempt.account.avatar_url)} alt="" radius="xl">
              {attempt.account.name.slice(0, 1)}
            </Avatar>
            <div style={{ minWidth: 0 }}>
              <Text fw={600} style={{ overflowWrap: "anywhere" }}>
                {attempt.account.name}
              </Text>
              <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
                {attempt.account.handle}
              </Text>
            </div>
          </Group>
        </Paper>
      )}
      <Text>{t("connect.confirm.question", { workspace: workspace.name })}</Text>
      {confirm.error && <ProblemView error={confirm.error} />}
      {cancel.error && <ProblemView error={cancel.error} />}
      <Group gap="xs">
        <Button onClick={() => confirm.mutate(nonce)} loading={confirm.isPending} disabled={cancel.isPending}>
          {t("connect.confirm.yes", { name })}
        </Button>
        <Button
          variant="default"
          onClick={() => cancel.mutate()}
          loading={cancel.isPending}
          disabled={confirm.isPending}
        >
          {t("connect.confirm.no")}
        </Button>
      </Group>
    </Stack>
  );
}

/** Pictures come from our own origin only; a network's address would be refused by the page's policy. */
function ownAddress(url: string | null | undefined): string | undefined {
  return url?.startsWith("/") ? url : undefined;
}
