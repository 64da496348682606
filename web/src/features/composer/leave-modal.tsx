import "@/i18n/composing";
import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useBlocker } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { Composer } from "./use-composer";

/** Asks before leaving only where something would be lost or left half done: uploads, changes to a scheduled post. */
export function LeaveModal({ composer, left }: { composer: Composer; left: boolean }) {
  const { t } = useTranslation();
  const { automatic, autosave, open } = composer;
  const changed = () => !automatic && autosave.unsaved;
  const pending = () => !left && (open.going > 0 || changed());
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => current.pathname !== next.pathname && pending(),
    enableBeforeUnload: pending,
    withResolver: true,
  });
  const blocked = blocker.status === "blocked";
  return (
    <Modal
      opened={blocked}
      onClose={() => blocker.reset?.()}
      title={t("composer.leave.title")}
      centered
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <Stack>
        {open.going > 0 && <Text>{t("composer.leave.uploads", { count: open.going })}</Text>}
        {blocked && changed() && <Text>{t("composer.leave.changes")}</Text>}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={() => blocker.proceed?.()}>
            {t("composer.leave.go")}
          </Button>
          <Button onClick={() => blocker.reset?.()} data-autofocus>
            {t("composer.leave.stay")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
