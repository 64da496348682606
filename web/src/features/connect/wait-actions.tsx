import "@/i18n/connecting";
import { Button, Group, Text } from "@mantine/core";
import { IconClockHour4, IconExternalLink } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { AttemptView } from "@/api/types";
import { CancelButton } from "./cancel-button";
import { minutesAndSeconds, useSecondsUntil } from "./countdown";

interface Props {
  attempt: AttemptView;
  /** Where the person goes on, in another tab; without an address there is no button. */
  href: string | null | undefined;
  label: string;
}

/** How long an attempt still waits for a person who is elsewhere, the way there, and giving it up. */
export function WaitActions({ attempt, href, label }: Props) {
  const { t } = useTranslation();
  const seconds = useSecondsUntil(attempt.expires_at);
  return (
    <>
      <Group gap="xs" aria-live="off">
        <IconClockHour4 size={18} aria-hidden />
        <Text size="sm" ff="monospace">
          {t("connect.wait.left", { time: minutesAndSeconds(seconds) })}
        </Text>
      </Group>
      <Group gap="xs">
        {href && (
          <Button
            component="a"
            href={href}
            target="_blank"
            rel="noreferrer"
            leftSection={<IconExternalLink size={18} aria-hidden />}
          >
            {label}
          </Button>
        )}
        <CancelButton attempt={attempt} label={t("connect.wait.cancel")} />
      </Group>
    </>
  );
}
