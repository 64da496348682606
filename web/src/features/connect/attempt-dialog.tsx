import { Button, Code, Group, List, Stack, Text } from "@mantine/core";
import { IconClockHour4, IconExternalLink } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { AttemptView } from "@/api/types";
import { CopyButton } from "@/components/copy-button";
import { DiagnosisView } from "@/components/diagnosis-view";
import { CancelButton } from "./cancel-button";
import { minutesAndSeconds, useSecondsUntil } from "./countdown";

/** What the person says to the network's bot; the page goes on by itself once the bot was told it. */
export function DialogView({
  attempt,
  dialog,
}: {
  attempt: AttemptView;
  dialog: NonNullable<AttemptView["dialog"]>;
}) {
  const { t } = useTranslation();
  const seconds = useSecondsUntil(attempt.expires_at);
  return (
    <Stack>
      {attempt.diagnosis && <DiagnosisView diagnosis={attempt.diagnosis} />}
      <List type="ordered" spacing="sm">
        {dialog.steps.map((step) => (
          <List.Item key={step}>{step}</List.Item>
        ))}
        <List.Item>
          {t("connect.dialog.send")}
          <Group gap="xs" mt={6} wrap="wrap">
            <Code fz="md" style={{ overflowWrap: "anywhere" }}>
              {dialog.message}
            </Code>
            <CopyButton value={dialog.message} label={t("connect.dialog.copy")} />
          </Group>
        </List.Item>
      </List>
      <Text c="dimmed" size="sm">
        {t("connect.dialog.text", { bot: dialog.bot })}
      </Text>
      <Group gap="xs" aria-live="off">
        <IconClockHour4 size={18} aria-hidden />
        <Text size="sm" ff="monospace">
          {t("connect.wait.left", { time: minutesAndSeconds(seconds) })}
        </Text>
      </Group>
      <Group gap="xs">
        {dialog.link && (
          <Button
            component="a"
            href={dialog.link}
            target="_blank"
            rel="noreferrer"
            leftSection={<IconExternalLink size={18} aria-hidden />}
          >
            {t("connect.dialog.open", { bot: dialog.bot })}
          </Button>
        )}
        <CancelButton attempt={attempt} label={t("connect.wait.cancel")} />
      </Group>
    </Stack>
  );
}
