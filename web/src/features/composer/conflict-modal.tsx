import "@/i18n/composing";
import { Button, Group, List, Modal, Skeleton, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useFormat } from "@/app/format";
import { useSession } from "@/app/session";
import { ButtonLink } from "@/components/links";
import { ProblemView } from "@/components/problem-view";
import { mergeInputs } from "./merge";
import { inputOfPost, isEditable } from "./model";
import { posts } from "./queries";
import type { Composer } from "./use-composer";

/** Somebody else has saved the post: put both together, or take one. */
export function ConflictModal({ composer }: { composer: Composer }) {
  const { t } = useTranslation();
  const { workspace } = useSession();
  const format = useFormat();
  const { save, autosave, mine, automatic, resolve } = composer;
  const id = save.post?.id ?? "";
  const opened = save.phase === "conflict";
  const query = useQuery({
    queryKey: ["conflict", workspace.id, id, save.post?.version],
    enabled: opened,
    staleTime: 0,
    gcTime: 0,
    queryFn: ({ signal }) => posts.get(workspace.id, id, signal),
  });
  const theirs = query.data;
  const merged = theirs
    ? mergeInputs(autosave.saved ?? inputOfPost(theirs), mine, inputOfPost(theirs))
    : null;
  const open = theirs ? isEditable(theirs) && (theirs.state === "draft") === automatic : true;
  return (
    <Modal
      opened={opened}
      onClose={() => undefined}
      withCloseButton={false}
      closeOnEscape={false}
      closeOnClickOutside={false}
      title={t("composer.conflict.title")}
      size="lg"
    >
      <Stack>
        {query.error && <ProblemView error={query.error} onRetry={() => query.refetch()} />}
        {!theirs && !query.error && <Skeleton h={80} aria-hidden />}
        {theirs && !open && (
          <>
            <Text>{t("composer.conflict.gone", { state: t(`common.state.${theirs.state}`) })}</Text>
            <Group justify="flex-end">
              <ButtonLink to="/posts/$id" params={{ id: theirs.id }}>
                {t("composer.showPost")}
              </ButtonLink>
            </Group>
          </>
        )}
        {theirs && open && merged && (
          <>
            <Text>{t("composer.conflict.text", { when: format.dateTime(theirs.updated_at) })}</Text>
            <Text size="sm">
              {merged.conflicts.length === 0 ? t("composer.conflict.clean") : t("composer.conflict.both")}
            </Text>
            {merged.conflicts.length > 0 && (
              <List size="sm">
                {merged.conflicts.map((field) => (
                  <List.Item key={field}>{t(`composer.conflict.field.${field}`)}</List.Item>
                ))}
              </List>
            )}
            <Group justify="flex-end" gap="xs">
              <Button variant="default" onClick={() => resolve(theirs, "theirs")}>
                {t("composer.conflict.theirs")}
              </Button>
              <Button variant="default" onClick={() => resolve(theirs, "mine")}>
                {t("composer.conflict.mine")}
              </Button>
              <Button onClick={() => resolve(theirs, "merge")} data-autofocus>
                {t("composer.conflict.merge")}
              </Button>
            </Group>
          </>
        )}
      </Stack>
    </Modal>
  );
}
