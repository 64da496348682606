import "@/i18n/connecting";
import { Anchor, Code, List, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { AttemptView } from "@/api/types";
import { useSession } from "@/app/session";
import { DocsLink } from "@/components/problem-view";
import { WaitActions } from "./wait-actions";

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
          <Anchor href="/extension.zip" download>
            {t("connect.extension.download")}
          </Anchor>{" "}
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
      <WaitActions attempt={attempt} href={origin} label={t("connect.extension.open", { site })} />
    </Stack>
  );
}
