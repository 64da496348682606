import "@/i18n/connecting";
import { Button, Group, Loader, Stack, Text } from "@mantine/core";
import { IconCircleCheck, IconCircleX } from "@tabler/icons-react";
import type { UseQueryResult } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { PreflightCheck } from "@/api/types";
import { DiagnosisView } from "@/components/diagnosis-view";
import { ProblemView } from "@/components/problem-view";
import classes from "./preflight.module.css";

export const failedChecks = (checks: PreflightCheck[] | undefined) =>
  (checks ?? []).filter((check) => !check.ok);

interface Props {
  network: string;
  checks: UseQueryResult<PreflightCheck[]>;
}

/** What was found out about the way to the network before anybody leaves for it. */
export function Preflight({ network, checks }: Props) {
  const { t } = useTranslation();
  const failed = failedChecks(checks.data);
  return (
    <section aria-label={t("connect.check")}>
      <div role="status">
        {checks.isFetching && (
          <Group gap="xs">
            <Loader size="xs" aria-hidden />
            <Text size="sm" c="dimmed">
              {t("connect.checking", { network })}
            </Text>
          </Group>
        )}
        {!checks.isFetching && checks.data && (
          <Text size="sm" fw={600}>
            {failed.length === 0 ? t("connect.checkFine") : t("connect.checkBad", { count: failed.length })}
          </Text>
        )}
      </div>
      {checks.error && !checks.isFetching && (
        <Stack gap="xs">
          <Text size="sm">{t("connect.checkUnable")}</Text>
          <ProblemView error={checks.error} onRetry={() => checks.refetch()} />
        </Stack>
      )}
      {checks.data && (
        <ul className={classes.list}>
          {checks.data.map((check) => (
            <li key={check.name} className={classes.check} data-ok={check.ok}>
              {check.ok ? <IconCircleCheck size={18} aria-hidden /> : <IconCircleX size={18} aria-hidden />}
              <span className={classes.title}>{check.title}</span>
              <span className="visually-hidden">
                {t(check.ok ? "connect.checkPassed" : "connect.checkFailed")}
              </span>
              <span className={classes.ms}>{t("connect.ms", { ms: check.elapsed_ms })}</span>
            </li>
          ))}
        </ul>
      )}
      {failed.length > 0 && (
        <Stack gap="sm" mt="sm">
          {failed.map(
            (check) =>
              check.diagnosis && (
                <DiagnosisView key={check.name} diagnosis={check.diagnosis} headingOrder={3} />
              ),
          )}
          <Button
            variant="default"
            onClick={() => checks.refetch()}
            loading={checks.isFetching}
            w="fit-content"
          >
            {t("connect.checkAgain")}
          </Button>
        </Stack>
      )}
    </section>
  );
}
