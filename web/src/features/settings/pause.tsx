import { Button, Group, Stack, Text } from "@mantine/core";
import { IconPlayerPause, IconPlayerPlay } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useFormat } from "@/app/format";
import { useSession } from "@/app/session";
import { ProblemView } from "@/components/problem-view";
import { toast } from "@/components/toast";
import { useChangeWorkspace } from "./queries";
import { managesWorkspace } from "./workspace-form";

/** Whether the workspace sends anything, and the button that changes it. */
export function Pause() {
  const { t } = useTranslation();
  const format = useFormat();
  const { workspace } = useSession();
  const change = useChangeWorkspace();
  const { paused_at } = workspace;
  const toggle = () =>
    change.mutate(
      { paused: !paused_at },
      {
        onSuccess: () =>
          toast.done(t(paused_at ? "settings.pause.resumedDone" : "settings.pause.pausedDone")),
      },
    );
  return (
    <Stack gap="sm">
      {change.error && <ProblemView error={change.error} />}
      <Text>
        {paused_at
          ? t("settings.pause.paused", { when: format.dateTime(paused_at) })
          : t("settings.pause.running")}
      </Text>
      {managesWorkspace(workspace.role) ? (
        <Group>
          <Button
            variant={paused_at ? "filled" : "default"}
            leftSection={
              paused_at ? <IconPlayerPlay size={18} aria-hidden /> : <IconPlayerPause size={18} aria-hidden />
            }
            onClick={toggle}
            loading={change.isPending}
          >
            {t(paused_at ? "settings.pause.resume" : "settings.pause.pause")}
          </Button>
        </Group>
      ) : (
        <Text size="sm" c="dimmed">
          {t("settings.workspace.readOnly")}
        </Text>
      )}
    </Stack>
  );
}
