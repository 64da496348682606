import "@/i18n/scheduling";
import { Button, Group, Modal, Select, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "@/app/session";
import { AnchorLink } from "@/components/links";
import { ProblemView } from "@/components/problem-view";
import { toast } from "@/components/toast";
import { evergreensQuery, useKeepPost } from "./queries";

/** Asks which evergreen queue a post is to be kept in. */
export function KeepModal({ post, onClose }: { post: string; onClose: () => void }) {
  const { t } = useTranslation();
  const { workspace } = useSession();
  const queues = useQuery(evergreensQuery(workspace.id));
  const [picked, setPicked] = useState<string | null>(null);
  const keep = useKeepPost();
  const queue = picked ?? queues.data?.[0]?.id ?? null;
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("evergreen.keepTitle")}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <Stack>
        {queues.error && <ProblemView error={queues.error} onRetry={() => void queues.refetch()} />}
        {queues.data?.length === 0 ? (
          <Text>
            {t("evergreen.keepNone")} <AnchorLink to="/evergreen">{t("evergreen.new")}</AnchorLink>
          </Text>
        ) : (
          <>
            <Text size="sm">{t("evergreen.keepText")}</Text>
            <Select
              label={t("evergreen.keepWhich")}
              data={queues.data?.map(({ id, name }) => ({ value: id, label: name })) ?? []}
              value={queue}
              onChange={setPicked}
              allowDeselect={false}
              data-autofocus
            />
          </>
        )}
        {keep.error && <ProblemView error={keep.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t("common.cancel")}
          </Button>
          <Button
            disabled={!queue}
            loading={keep.isPending}
            onClick={() =>
              queue &&
              keep.mutate(
                { queue, post },
                {
                  onSuccess: ({ name }) => {
                    toast.done(t("evergreen.keepDone", { name }));
                    onClose();
                  },
                },
              )
            }
          >
            {t("evergreen.keepDo")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
