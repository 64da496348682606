import "@/i18n/scheduling";
import { Group } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useServer, useSession } from "@/app/session";
import { ButtonLink } from "@/components/links";
import { Page } from "@/components/page";
import { DocsLink } from "@/components/problem-view";
import { NoticeChoices } from "@/features/notices/choices";
import { Webhook } from "@/features/notices/webhook";
import { SlotsForm } from "@/features/slots/slots-form";
import { ApiKeys } from "./api-keys";
import { Pause } from "./pause";
import { ProfileForm } from "./profile-form";
import { Section } from "./section";
import { SessionsList } from "./sessions-list";
import { ThemeChoice } from "./theme-choice";
import { managesWorkspace, WorkspaceForm } from "./workspace-form";

export function SettingsPage() {
  const { t } = useTranslation();
  const { workspace } = useSession();
  const server = useServer();
  return (
    <Page
      title={t("settings.title")}
      lead={server.data ? t("settings.version", { version: server.data.version }) : undefined}
      width="reading"
      actions={<DocsLink href="/docs/">{t("settings.manual")}</DocsLink>}
    >
      <Section title={t("settings.profile.title")} text={t("settings.profile.text")}>
        <ProfileForm />
      </Section>
      <Section title={t("settings.theme.title")} text={t("settings.theme.text")}>
        <ThemeChoice />
      </Section>
      <Section title={t("settings.sessions.title")} text={t("settings.sessions.text")}>
        <SessionsList />
      </Section>
      <Section title={t("notices.settings.title")} text={t("notices.settings.text")}>
        <NoticeChoices />
      </Section>
      <Section title={t("settings.workspace.title")} text={t("settings.workspace.text")}>
        <WorkspaceForm key={workspace.id} />
      </Section>
      <Section title={t("settings.pause.title")} text={t("settings.pause.text")}>
        <Pause />
      </Section>
      <Section title={t("slots.title")} text={t("slots.workspaceText")}>
        <SlotsForm channel={null} manages={managesWorkspace(workspace.role)} key={workspace.id} />
      </Section>
      <Section title={t("settings.apps.title")} text={t("settings.apps.text")}>
        <Group>
          <ButtonLink to="/settings/apps" variant="default">
            {t("settings.apps.open")}
          </ButtonLink>
        </Group>
      </Section>
      <Section title={t("settings.keys.title")} text={t("settings.keys.text")}>
        <ApiKeys />
      </Section>
      <Section title={t("notices.webhook.title")} text={t("notices.webhook.text")}>
        <Webhook key={workspace.id} />
      </Section>
    </Page>
  );
}
