import "@/i18n/connecting";
import { Code, Group, List, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { AttemptView } from "@/api/types";
import { CopyButton } from "@/components/copy-button";
import { DiagnosisView } from "@/components/diagnosis-view";
import { WaitActions } from "./wait-actions";

/** What the person says to the network's bot; the page goes on by itself once the bot was told it. */
export function DialogView({
  attempt,
  dialog,
}: {
  attempt: AttemptView;
  dialog: NonNullable<AttemptView["dialog"]>;
}) {
  const { t } = useTranslation();
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
      <WaitActions
        attempt={attempt}
        href={dialog.link}
        label={t("connect.dialog.open", { bot: dialog.bot })}
      />
    </Stack>
  );
}
