import { AppShell, Burger, Group, Text } from "@mantine/core";
import { useDisclosure, useNetwork } from "@mantine/hooks";
import { Link, Outlet, useLocation } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useLive } from "@/api/live";
import { LoadingPage } from "./fallbacks";
import { Navigation } from "./navigation";
import { useSession } from "./session";
import classes from "./shell.module.css";
import { useShortcuts } from "./shortcuts";

const Help = lazy(() => import("./help").then((module) => ({ default: module.Help })));

export function Shell() {
  const { t } = useTranslation();
  const { workspace } = useSession();
  const [menu, { toggle, close }] = useDisclosure(false);
  const [help, helpControl] = useDisclosure(false);
  const main = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  const online = useNetwork().online;
  useLive(workspace.id);
  useShortcuts(helpControl.open);

  // A new page takes the focus, so that a screen reader reads it and Tab goes on from its top.
  const first = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is the change of the path that matters
  useEffect(() => {
    close();
    if (first.current) first.current = false;
    else main.current?.focus({ preventScroll: true });
  }, [pathname]);

  return (
    <AppShell
      header={{ height: { base: 48, sm: 0 } }}
      navbar={{ width: 236, breakpoint: "sm", collapsed: { mobile: !menu } }}
      transitionDuration={0}
    >
      <a href="#main" className={classes.skip}>
        {t("shell.skip")}
      </a>
      <AppShell.Header hiddenFrom="sm" className={classes.header}>
        <Group h="100%" px="sm" gap="xs" wrap="nowrap">
          <Burger
            opened={menu}
            onClick={toggle}
            size="sm"
            aria-label={t("shell.menu")}
            aria-expanded={menu}
          />
          <Text fw={650} truncate>
            {workspace.name}
          </Text>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar className={classes.navbar} aria-label={t("shell.navigation")}>
        <div className={classes.scroll}>
          <Navigation onHelp={helpControl.open} />
        </div>
      </AppShell.Navbar>
      <AppShell.Main id="main" ref={main} tabIndex={-1} className={classes.main}>
        {!online && <output className={classes.offline}>{t("shell.offline")}</output>}
        {workspace.paused_at && (
          <output className={classes.offline}>
            {t("shell.paused")} <Link to="/settings">{t("shell.pausedChange")}</Link>
          </output>
        )}
        <Suspense fallback={<LoadingPage />}>
          <Outlet />
        </Suspense>
      </AppShell.Main>
      {help && (
        <Suspense fallback={null}>
          <Help onClose={helpControl.close} />
        </Suspense>
      )}
    </AppShell>
  );
}
