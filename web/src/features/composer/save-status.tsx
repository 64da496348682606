import "@/i18n/composing";
import { Button, Group, Text } from "@mantine/core";
import { IconAlertTriangle, IconCloudCheck, IconCloudUp, IconDeviceDesktop } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { problemWords } from "@/components/problem-words";
import type { Composer } from "./use-composer";

/** Where what is written is: on the server, on its way, or only on this device. */
export function SaveStatus({ composer }: { composer: Composer }) {
  const { t } = useTranslation();
  const { save, automatic, autosave } = composer;
  const failed = save.phase === "failed" && save.problem;
  return (
    <Group gap="xs" wrap="nowrap">
      <Text size="sm" c={failed ? "var(--mantine-color-error)" : "dimmed"} component="div" role="status">
        <Group gap={6} wrap="nowrap">
          <Icon composer={composer} />
          <span title={failed ? `${problemWords(failed).title}. ${problemWords(failed).text}` : undefined}>
            {t(wordOf(composer))}
          </span>
        </Group>
      </Text>
      {failed && automatic && (
        <Button size="compact-xs" variant="default" onClick={() => void autosave.flush()}>
          {t("common.retry")}
        </Button>
      )}
    </Group>
  );
}

function wordOf({ save, automatic }: Composer) {
  switch (save.phase) {
    case "clean":
      return automatic ? "composer.save.clean" : "composer.save.unchanged";
    case "dirty":
      return automatic ? "composer.save.saving" : "composer.save.dirty";
    case "saving":
      return "composer.save.saving";
    case "saved":
      return automatic ? "composer.save.saved" : "composer.save.savedPost";
    case "failed":
      return "composer.save.failed";
    case "conflict":
      return "composer.save.conflict";
  }
}

function Icon({ composer: { save, automatic } }: { composer: Composer }) {
  if (save.phase === "failed" || save.phase === "conflict")
    return <IconAlertTriangle size={16} aria-hidden />;
  if (save.phase === "saved") return <IconCloudCheck size={16} aria-hidden />;
  if (save.phase === "saving" || (save.phase === "dirty" && automatic))
    return <IconCloudUp size={16} aria-hidden />;
  return save.phase === "dirty" ? <IconDeviceDesktop size={16} aria-hidden /> : null;
}
