import "@/i18n/composing";
import { ActionIcon, Menu } from "@mantine/core";
import { IconDotsVertical, IconTrash } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { keys } from "@/api/keys";
import { useSession } from "@/app/session";
import { Confirm } from "@/components/confirm";
import { toast } from "@/components/toast";
import { posts } from "./queries";
import { recovery } from "./recovery";
import type { Composer } from "./use-composer";

/** What else can be done with a draft that is on the server: delete it. */
export function DraftMenu({ composer }: { composer: Composer }) {
  const { t } = useTranslation();
  const { workspace } = useSession();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [asking, setAsking] = useState(false);
  const id = composer.save.post?.id;
  const remove = useMutation({
    mutationFn: async (post: string) => {
      await composer.autosave.abandon();
      await posts.remove(workspace.id, post);
    },
    onSuccess: (_, post) => {
      recovery.forget(workspace.id, post);
      void client.invalidateQueries({ queryKey: keys.posts(workspace.id) });
      toast.done(t("composer.deleted"));
      void navigate({ to: "/calendar", ignoreBlocker: true });
    },
    onError: () => {
      composer.autosave.start();
      composer.autosave.changed(composer.mine);
    },
  });
  if (!id || !composer.automatic) return null;
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="default" size="lg" aria-label={t("common.moreActions")}>
            <IconDotsVertical size={18} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={<IconTrash size={16} aria-hidden />}
            c="var(--mantine-color-error)"
            onClick={() => setAsking(true)}
          >
            {t("composer.deleteDraft")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Confirm
        opened={asking}
        title={t("composer.deleteTitle")}
        confirmLabel={t("common.delete")}
        danger
        busy={remove.isPending}
        error={remove.error}
        onConfirm={() => remove.mutate(id)}
        onClose={() => {
          remove.reset();
          setAsking(false);
        }}
      >
        {t("composer.deleteText")}
      </Confirm>
    </>
  );
}
