import "@/i18n/composing";
import { Alert, Button, Group, Text } from "@mantine/core";
import { IconHistory } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useFormat } from "@/app/format";
import classes from "./recovery-banner.module.css";
import type { Composer } from "./use-composer";

/** Offers what was written here before and did not reach the server. */
export function RecoveryBanner({ composer }: { composer: Composer }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { offered, restore, throwAway } = composer;
  if (!offered) return null;
  const words = [...Object.values(offered.draft.variants), { parts: offered.draft.parts }]
    .flatMap((variant) => variant.parts ?? [])
    .map((part) => part.text.trim())
    .find((text) => text !== "");
  return (
    <Alert
      color="petrol"
      variant="light"
      icon={<IconHistory aria-hidden />}
      title={t("composer.recovery.title", { when: format.dateTime(offered.at) })}
      mb="md"
    >
      {words && (
        <Text size="sm" className={classes.words} lineClamp={2}>
          {words}
        </Text>
      )}
      <Group gap="xs" mt="xs">
        <Button size="xs" onClick={restore}>
          {t("composer.recovery.restore")}
        </Button>
        <Button size="xs" variant="default" onClick={throwAway}>
          {t("composer.recovery.throwAway")}
        </Button>
      </Group>
    </Alert>
  );
}
