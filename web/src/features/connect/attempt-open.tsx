import "@/i18n/connecting";
import { Button, Group, Loader, Stack, Text } from "@mantine/core";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import type { AttemptView } from "@/api/types";
import { useNetworkMap } from "@/app/queries";
import { useSession } from "@/app/session";
import { DiagnosisView } from "@/components/diagnosis-view";
import { ButtonLink } from "@/components/links";
import { ProblemView } from "@/components/problem-view";
import { DialogView } from "./attempt-dialog";
import { ExtensionView } from "./attempt-extension";
import { CancelButton } from "./cancel-button";
import { PasteAddress } from "./paste-address";
import { attempts, GUEST, wayOf } from "./queries";
import { useAttemptAction } from "./use-attempt-action";
import { WaitActions } from "./wait-actions";

/** The person is at the network. */
export function WaitingView({ attempt, network }: { attempt: AttemptView; network: string }) {
  const { t } = useTranslation();
  const byForm = wayOf(useNetworkMap().get(attempt.network), attempt.way)?.connect === "form";
  if (byForm) return <FormWaits attempt={attempt} />;
  if (attempt.dialog) return <DialogView attempt={attempt} dialog={attempt.dialog} />;
  if (attempt.extension) return <ExtensionView attempt={attempt} extension={attempt.extension} />;
  return (
    <Stack>
      <Text>{t("connect.wait.text")}</Text>
      {!attempt.authorize_url && <Text c="dimmed">{t("connect.wait.noPage")}</Text>}
      <WaitActions
        attempt={attempt}
        href={attempt.authorize_url}
        label={t("connect.wait.open", { network })}
      />
      {attempt.authorize_url && <PasteAddress attempt={attempt} />}
    </Stack>
  );
}

/** A form that was sent with wrong fields and left; what was typed is not kept, since it is a secret. */
function FormWaits({ attempt }: { attempt: AttemptView }) {
  const { t } = useTranslation();
  const { workspace } = useSession();
  if (workspace.id === GUEST) {
    return (
      <Stack align="flex-start">
        <Text>{t("connect.wait.form")}</Text>
        <ButtonLink to="/invite" search={{ network: attempt.network }}>
          {t("connect.wait.formAgain")}
        </ButtonLink>
      </Stack>
    );
  }
  return (
    <Stack align="flex-start">
      <Text>{t("connect.wait.form")}</Text>
      <Group gap="xs">
        <ButtonLink
          to="/channels/add/$network"
          params={{ network: attempt.network }}
          search={{
            channel: attempt.purpose === "reconnect" ? (attempt.channel_id ?? undefined) : undefined,
            instance: attempt.instance ?? undefined,
            way: attempt.way,
          }}
        >
          {t("connect.wait.formAgain")}
        </ButtonLink>
        <CancelButton attempt={attempt} label={t("connect.wait.cancel")} />
      </Group>
    </Stack>
  );
}

const SLOW_AFTER = 12_000;

/** The server talks to the network; after a while, or when it says so, the call can be asked for again. */
export function WorkingView({ attempt }: { attempt: AttemptView }) {
  const { t } = useTranslation();
  const [slow, setSlow] = useState(false);
  const again = useAttemptAction((workspace) => attempts.continue(workspace, attempt.id));
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), SLOW_AFTER);
    return () => clearTimeout(timer);
  }, []);
  if (attempt.diagnosis) {
    return (
      <Stack>
        <DiagnosisView diagnosis={attempt.diagnosis} onNext={() => again.mutate()} busy={again.isPending} />
        {again.error && <ProblemView error={again.error} />}
        <Group>
          <CancelButton attempt={attempt} label={t("connect.wait.cancel")} />
        </Group>
      </Stack>
    );
  }
  return (
    <Stack>
      <Group gap="sm" wrap="nowrap">
        <Loader size="sm" aria-hidden />
        <Text>
          {attempt.account
            ? t("connect.work.identified", { name: attempt.account.name })
            : t("connect.work.text")}
        </Text>
      </Group>
      {slow && (
        <Stack gap="xs" align="flex-start">
          <Text size="sm" c="dimmed">
            {t("connect.work.slow")}
          </Text>
          <Group gap="xs">
            <Button variant="default" loading={again.isPending} onClick={() => again.mutate()}>
              {t("connect.work.goOn")}
            </Button>
            <CancelButton attempt={attempt} label={t("connect.wait.cancel")} />
          </Group>
        </Stack>
      )}
      {again.error && <ProblemView error={again.error} />}
    </Stack>
  );
}
