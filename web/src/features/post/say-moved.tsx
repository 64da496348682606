import { Button, Group } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useFormat } from "@/app/format";
import { toast } from "@/components/toast";
import { useMovePost } from "./queries";

/** Moves a post and says so, with a way back while the old time is still to come. */
export function useMoveAndSay() {
  const { t } = useTranslation();
  const format = useFormat();
  const move = useMovePost();
  const back = (id: string, from: string, to: string) =>
    move.mutate(
      { id, from, to },
      {
        onSuccess: () => toast.done(t("post.movedBack", { when: format.dateTime(to) }), `moved-${id}`),
        onError: (error) => toast.failed(error, t("post.moveFailed")),
      },
    );
  return (post: { id: string; due_at?: string | null }, to: string) => {
    const from = post.due_at;
    move.mutate(
      { id: post.id, from, to },
      {
        onSuccess: () =>
          toast.done(
            <Group gap="sm" justify="space-between" wrap="nowrap">
              <span>{t("post.moved", { when: format.dateTime(to) })}</span>
              {from && Date.parse(from) > Date.now() && (
                <Button size="compact-sm" variant="subtle" onClick={() => back(post.id, to, from)}>
                  {t("common.undo")}
                </Button>
              )}
            </Group>,
            `moved-${post.id}`,
          ),
        onError: (error) => toast.failed(error, t("post.moveFailed")),
      },
    );
  };
}
