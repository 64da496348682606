import "@/i18n/administering";
import { Group, Loader, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { NetworkApps } from "@/api/types";
import { ProblemView } from "@/components/problem-view";
import classes from "./admin.module.css";
import { CheckLine } from "./doctor-page";
import type { useAppActions } from "./queries";

interface Props {
  network: NetworkApps;
  test: ReturnType<typeof useAppActions>["test"];
}

/** What the network says of an app. */
export function AppTestResult({ network, test }: Props) {
  const { t } = useTranslation();
  const checks = test.data?.checks;
  const fine = checks?.every((check) => check.ok);
  const isBot = network.kind === "bot";
  const untold = fine && !isBot && !checks?.some((check) => check.name === "secret");
  return (
    <div role="status">
      {test.isPending && (
        <Group gap="xs">
          <Loader size="xs" aria-hidden />
          <Text size="sm" c="dimmed">
            {t("admin.apps.testing")}
          </Text>
        </Group>
      )}
      {test.error && <ProblemView error={test.error} />}
      {checks && !test.isPending && (
        <Stack gap={4}>
          {fine && (
            <Text size="sm" fw={600}>
              {t(isBot ? "admin.apps.testFineBot" : untold ? "admin.apps.testUntold" : "admin.apps.testFine")}
            </Text>
          )}
          <ul className={classes.checks}>
            {checks.map((check) => (
              <li key={check.name} data-ok={check.ok}>
                <CheckLine row={{ ...check, wrong: check.diagnosis }} />
              </li>
            ))}
          </ul>
        </Stack>
      )}
    </div>
  );
}
