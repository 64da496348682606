import { Tabs } from "@mantine/core";
import { IconLock } from "@tabler/icons-react";
import { Link, useLocation } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "@/app/session";
import { Empty } from "@/components/empty";
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
      <Tabs value={pathname} mb="md">
        <Tabs.List component="nav" role="navigation" aria-label={t("admin.tabs")}>
          {TABS.map(([to, label]) => (
            <Tabs.Tab
              key={to}
              value={to}
              role="link"
              aria-selected={undefined}
              aria-current={pathname === to ? "page" : undefined}
              renderRoot={(props) => <Link to={to} {...props} />}
            >
              {t(label)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
      </Tabs>
      {children}
    </Page>
  );
}
