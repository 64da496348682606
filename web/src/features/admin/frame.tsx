import "@/i18n/administering";
import { Group } from "@mantine/core";
import { IconLock } from "@tabler/icons-react";
import { useLocation } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "@/app/session";
import { Empty } from "@/components/empty";
import { ButtonLink } from "@/components/links";
import { Page } from "@/components/page";

const TABS = [
  ["/admin/apps", "admin.apps.tab"],
  ["/admin/doctor", "admin.doctor.tab"],
  ["/admin/attempts", "admin.attempts.tab"],
] as const;

interface Props {
  title: string;
  lead: string;
  actions?: ReactNode;
  children: ReactNode;
}

/** What the pages about the whole installation share: who may see them, and the way from one to the next. */
export function AdminFrame({ title, lead, actions, children }: Props) {
  const { t } = useTranslation();
  const { user } = useSession();
  const { pathname } = useLocation();
  if (!user.is_admin) {
    return (
      <Page title={t("admin.title")} width="reading">
        <Empty
          icon={<IconLock size={40} />}
          title={t("admin.notAllowedTitle")}
          text={t("admin.notAllowed", { email: user.email })}
        />
      </Page>
    );
  }
  return (
    <Page title={title} lead={lead} width="reading" actions={actions}>
      <Group component="nav" gap={4} mb="md" aria-label={t("admin.tabs")}>
        {TABS.map(([to, label]) => {
          const here = pathname === to;
          return (
            <ButtonLink
              key={to}
              to={to}
              size="sm"
              variant={here ? "light" : "subtle"}
              aria-current={here ? "page" : undefined}
            >
              {t(label)}
            </ButtonLink>
          );
        })}
      </Group>
      {children}
    </Page>
  );
}
