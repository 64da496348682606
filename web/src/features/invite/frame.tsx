import "@/i18n/connecting";
import { Paper, Text } from "@mantine/core";
import { Outlet } from "@tanstack/react-router";
import { Suspense } from "react";
import { useTranslation } from "react-i18next";
import { LoadingPage } from "@/app/fallbacks";
import classes from "./frame.module.css";

/** The pages of those who came by an invite link: the same look, without the app around it. */
export function InviteFrame() {
  const { t } = useTranslation();
  return (
    <main className={classes.page} id="main">
      <div className={classes.column}>
        <div className={classes.brand}>
          <img src="/favicon.svg" alt="" width={36} height={36} />
          <span>Crier</span>
        </div>
        <Paper withBorder p={{ base: "md", xs: "xl" }} radius="lg">
          <Suspense fallback={<LoadingPage />}>
            <Outlet />
          </Suspense>
        </Paper>
        <Text size="xs" c="dimmed" ta="center" mt="md">
          {t("invite.frame")}
        </Text>
      </div>
    </main>
  );
}
