import { Button, Code, Group, List, Stack, Text } from "@mantine/core";
import { IconClockHour4, IconExternalLink } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { AttemptView } from "@/api/types";
import { useSession } from "@/app/session";
import { DocsLink } from "@/components/problem-view";
import { CancelButton } from "./cancel-button";
import { minutesAndSeconds, useSecondsUntil } from "./countdown";

/** What the browser extension is to hand over; the page goes on by itself once it has. */
export function ExtensionView({
  attempt,
  extension,
}: {
  attempt: AttemptView;
  extension: NonNullable<AttemptView["extension"]>;
}) {
  const { t } = useTranslation();
  const { workspace } = useSession();
  const seconds = useSecondsUntil(attempt.expires_at);
  const { site, origin, cookies } = extension;
  return (
    <Stack>
      {/* Read by the extension when its icon is clicked on this page, and by nothing else. */}
      <div
        id="crier-extension"
        hidden
        data-pairing={JSON.stringify({ ...extension, workspace: workspace.name })}
      />
      <List type="ordered" spacing="sm">
        <List.Item>
          {t("connect.extension.install")}{" "}
          <DocsLink href="/docs/connect-extension" inText>
            {t("connect.extension.docs")}
          </DocsLink>
        </List.Item>
        <List.Item>{t("connect.extension.signIn", { site })}</List.Item>
        <List.Item>{t("connect.extension.click")}</List.Item>
      </List>
      <Text size="sm">
        {t("connect.extension.cookies", { count: cookies.length, origin })}{" "}
        {cookies.map((name) => (
          <Code key={name} mr={4} style={{ overflowWrap: "anywhere" }}>
            {name}
          </Code>
        ))}
      </Text>
      <Text c="dimmed" size="sm">
        {t("connect.extension.text", { site })}
      </Text>
      <Group gap="xs" aria-live="off">
        <IconClockHour4 size={18} aria-hidden />
        <Text size="sm" ff="monospace">
          {t("connect.wait.left", { time: minutesAndSeconds(seconds) })}
        </Text>
      </Group>
      <Group gap="xs">
        <Button
          component="a"
          href={origin}
          target="_blank"
          rel="noreferrer"
          leftSection={<IconExternalLink size={18} aria-hidden />}
        >
          {t("connect.extension.open", { site })}
        </Button>
        <CancelButton attempt={attempt} label={t("connect.wait.cancel")} />
      </Group>
    </Stack>
  );
}
