import "@/i18n/connecting";
import { Button, Group, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { keys } from "@/api/keys";
import type { AttemptView } from "@/api/types";
import { useSession } from "@/app/session";
import { DiagnosisView } from "@/components/diagnosis-view";
import { ButtonLink } from "@/components/links";
import { ProblemView } from "@/components/problem-view";
import { attempts } from "./queries";
import { useStartAgain } from "./use-start-again";

/** Ended without a channel: why, and the next click. */
export function FailedView({ attempt }: { attempt: AttemptView }) {
  const { t } = useTranslation();
  const { workspace } = useSession();
  const client = useQueryClient();
  const again = useStartAgain(attempt);
  const goOn = useMutation({
    mutationFn: () => attempts.continue(workspace.id, attempt.id),
    onSuccess: (next) =>
      client.setQueryData(keys.attempt(workspace.id, next.id), { workspace: workspace.id, attempt: next }),
  });
  const { diagnosis } = attempt;
  const step = diagnosis?.next.kind;
  const next =
    step === "continue"
      ? () => goOn.mutate()
      : step === "retry" || step === "reconnect" || step === "sign_in"
        ? () => again.mutate()
        : undefined;
  const text =
    attempt.state === "expired"
      ? t("connect.failed.expiredText")
      : attempt.state === "superseded"
        ? t("connect.failed.supersededText")
        : attempt.state === "cancelled"
          ? t("connect.failed.cancelledText")
          : null;
  const error = again.error ?? goOn.error;
  return (
    <Stack>
      {diagnosis ? (
        <DiagnosisView diagnosis={diagnosis} onNext={next} busy={again.isPending || goOn.isPending} />
      ) : (
        text && <Text>{text}</Text>
      )}
      {error && <ProblemView error={error} />}
      <Group gap="xs">
        {!(diagnosis && next && step !== "continue") && (
          <Button
            variant={diagnosis && next ? "default" : "filled"}
            onClick={() => again.mutate()}
            loading={again.isPending}
          >
            {t("connect.failed.again")}
          </Button>
        )}
        <ButtonLink to="/channels" variant="default">
          {t("connect.failed.channels")}
        </ButtonLink>
      </Group>
    </Stack>
  );
}
