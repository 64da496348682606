import "@/i18n/connecting";
import { Button, Group, Skeleton, Stack, Text, Title } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { keys } from "@/api/keys";
import { asProblem } from "@/api/problem";
import type { AttemptView, Invitation } from "@/api/types";
import { useNetworkMap } from "@/app/queries";
import { DiagnosisView } from "@/components/diagnosis-view";
import { ButtonLink } from "@/components/links";
import { usePageTitle } from "@/components/page";
import { ProblemView } from "@/components/problem-view";
import { ConfirmView } from "@/features/connect/attempt-confirm";
import { WaitingView, WorkingView } from "@/features/connect/attempt-open";
import { ChoosingView } from "@/features/connect/choosing-view";
import { attemptQuery, attempts, GUEST, isFinal } from "@/features/connect/queries";
import { useStartAgain } from "@/features/connect/use-start-again";
import { i18n } from "@/i18n";
import { GuestSession } from "./guest-session";
import { PasteLink } from "./paste-link";
import { invitationQuery } from "./queries";

/** What of the invitation the pages need when it is no longer open: its last use may have been this very connect. */
const UNKNOWN: Invitation = { workspace: "", person: "", networks: [], uses_left: 0, expires_at: "" };

/** A guest's connect, from leaving to its outcome. */
export function InvitedAttemptPage() {
  const { t } = useTranslation();
  const { attempt: id } = useParams({ from: "/invited/invite/$attempt" });
  const invitation = useQuery(invitationQuery);
  const attempt = useQuery({
    ...attemptQuery([GUEST], id),
    staleTime: 0,
    refetchInterval: ({ state }) => (state.data && isFinal(state.data.attempt.state) ? false : 2000),
  });
  const found = attempt.data?.attempt;
  if (attempt.error && !found) return <Elsewhere error={attempt.error} onOpened={() => attempt.refetch()} />;
  if (!found || invitation.isPending) {
    return (
      <Stack aria-busy>
        <Title order={1}>{t("common.loading")}</Title>
        <Skeleton h={120} aria-hidden />
      </Stack>
    );
  }
  return (
    <GuestSession invitation={invitation.data ?? UNKNOWN}>
      <Attempt attempt={found} invitation={invitation.data ?? null} />
    </GuestSession>
  );
}

/** The attempt is not this browser's, unless the link is opened here too. */
function Elsewhere({ error, onOpened }: { error: unknown; onOpened: () => void }) {
  const { t } = useTranslation();
  const foreign = ["state.foreign_browser", "invite.required"].includes(asProblem(error).code);
  const title = t(foreign ? "invite.elsewhere" : "connect.failed.title");
  usePageTitle(title);
  return (
    <Stack>
      <Title order={1}>{title}</Title>
      <ProblemView error={error} />
      <PasteLink onOpened={onOpened} />
    </Stack>
  );
}

function Attempt({ attempt, invitation }: { attempt: AttemptView; invitation: Invitation | null }) {
  const network = useNetworkMap().get(attempt.network)?.name ?? attempt.network;
  const title = titleOf(attempt, network, invitation);
  usePageTitle(title);
  return (
    <Stack>
      <Title order={1} style={{ overflowWrap: "anywhere" }}>
        {title}
      </Title>
      <div aria-live="polite">
        <View attempt={attempt} network={network} invitation={invitation} />
      </div>
    </Stack>
  );
}

interface ViewProps {
  attempt: AttemptView;
  network: string;
  invitation: Invitation | null;
}

function View({ attempt, network, invitation }: ViewProps) {
  switch (attempt.state) {
    case "started":
    case "away":
      return <WaitingView attempt={attempt} network={network} />;
    case "returned":
    case "exchanging":
    case "identified":
      return <WorkingView attempt={attempt} />;
    case "choosing":
      return <ChoosingView attempt={attempt} network={network} />;
    case "confirming":
      return <ConfirmView attempt={attempt} />;
    case "connected":
      return <Connected attempt={attempt} invitation={invitation} />;
    default:
      return <Failed attempt={attempt} invitation={invitation} />;
  }
}

function Connected({ attempt, invitation }: Omit<ViewProps, "network">) {
  const { t } = useTranslation();
  return (
    <Stack>
      <Group gap="sm" wrap="nowrap">
        <IconCircleCheck size={32} aria-hidden />
        <div style={{ minWidth: 0 }}>
          <Text fw={600} style={{ overflowWrap: "anywhere" }}>
            {attempt.account?.name}
          </Text>
          <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
            {attempt.account?.handle}
          </Text>
        </div>
      </Group>
      {invitation && <Text>{t("invite.doneText", { person: invitation.person })}</Text>}
      {invitation && invitation.uses_left > 0 ? (
        <Group>
          <ButtonLink to="/invite" variant="default">
            {t("invite.another")}
          </ButtonLink>
        </Group>
      ) : (
        <Text c="dimmed">{t("invite.close")}</Text>
      )}
    </Stack>
  );
}

function Failed({ attempt, invitation }: Omit<ViewProps, "network">) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const again = useStartAgain(attempt);
  const goOn = useMutation({
    mutationFn: () => attempts.continue(GUEST, attempt.id),
    onSuccess: (next) =>
      client.setQueryData(keys.attempt(GUEST, next.id), { workspace: GUEST, attempt: next }),
  });
  const { diagnosis } = attempt;
  const step = diagnosis?.next.kind;
  const ended = diagnosis?.code.startsWith("invite.");
  const next =
    step === "continue"
      ? () => goOn.mutate()
      : invitation && (step === "retry" || step === "reconnect")
        ? () => again.mutate()
        : undefined;
  const error = again.error ?? goOn.error;
  return (
    <Stack>
      {diagnosis && (
        <DiagnosisView diagnosis={diagnosis} onNext={next} busy={again.isPending || goOn.isPending} />
      )}
      {!diagnosis && <Text>{t("connect.failed.cancelledText")}</Text>}
      {error && <ProblemView error={error} />}
      {invitation && !ended && (
        <>
          {diagnosis && <Text size="sm">{t("invite.failedAsk", { person: invitation.person })}</Text>}
          <Group gap="xs">
            {!next && (
              <Button onClick={() => again.mutate()} loading={again.isPending}>
                {t("connect.failed.again")}
              </Button>
            )}
            <ButtonLink to="/invite" variant="default">
              {t("invite.back")}
            </ButtonLink>
          </Group>
        </>
      )}
    </Stack>
  );
}

function titleOf(attempt: AttemptView, network: string, invitation: Invitation | null): string {
  const name = attempt.account?.name ?? network;
  switch (attempt.state) {
    case "started":
    case "away":
      return i18n.t("connect.wait.title", { network });
    case "choosing":
      return i18n.t("connect.choosing.title");
    case "confirming":
      return i18n.t("connect.confirm.title");
    case "connected":
      return invitation
        ? i18n.t("invite.done", { name, workspace: invitation.workspace })
        : i18n.t("connect.done.title", { name });
    case "expired":
      return i18n.t("connect.failed.expired");
    case "cancelled":
      return i18n.t("connect.failed.cancelled");
    case "failed":
    case "superseded":
      return i18n.t("connect.failed.title");
    default:
      return i18n.t("connect.work.title", { network });
  }
}
