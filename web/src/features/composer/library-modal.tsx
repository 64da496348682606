import "@/i18n/composing";
import { Button, Checkbox, Group, Modal, Skeleton, Stack, Text } from "@mantine/core";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, call } from "@/api/client";
import { keys } from "@/api/keys";
import type { Media } from "@/api/types";
import { useSession } from "@/app/session";
import { ProblemView } from "@/components/problem-view";
import classes from "./library-modal.module.css";
import { type MediaItem, newKey } from "./model";
import { Picture } from "./picture";

interface Props {
  onPicked: (items: MediaItem[]) => void;
  onClose: () => void;
}

/** Files that were uploaded before, newest first, to use again. */
export function LibraryModal({ onPicked, onClose }: Props) {
  const { t } = useTranslation();
  const { workspace } = useSession();
  const client = useQueryClient();
  const [picked, setPicked] = useState<Media[]>([]);
  const library = useInfiniteQuery({
    queryKey: [...keys.mediaList(workspace.id), "picker"],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      call(
        api.GET("/api/v1/workspaces/{workspace}/media", {
          params: {
            path: { workspace: workspace.id },
            query: { limit: 40, ...(pageParam && { cursor: pageParam }) },
          },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  const items = library.data?.pages.flatMap((page) => page.items) ?? [];
  const toggle = (media: Media) =>
    setPicked((before) =>
      before.some((it) => it.id === media.id)
        ? before.filter((it) => it.id !== media.id)
        : [...before, media],
    );
  const take = () => {
    for (const media of picked) client.setQueryData(keys.mediaOne(workspace.id, media.id), media);
    onPicked(picked.map((media) => ({ key: newKey(), id: media.id, alt: media.alt })));
    onClose();
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("composer.library.title")}
      size="xl"
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <Stack gap="sm">
        {library.error && <ProblemView error={library.error} onRetry={() => library.refetch()} />}
        {library.isPending && (
          <div className={classes.grid} aria-hidden>
            {[1, 2, 3, 4, 5, 6].map((key) => (
              <Skeleton key={key} className={classes.tile} />
            ))}
          </div>
        )}
        {library.data && items.length === 0 && <Text c="dimmed">{t("composer.library.empty")}</Text>}
        {items.length > 0 && (
          <div className={classes.grid}>
            {items.map((media) => {
              const on = picked.some((it) => it.id === media.id);
              return (
                <label
                  key={media.id}
                  htmlFor={`library-${media.id}`}
                  className={classes.tile}
                  data-on={on || undefined}
                  title={media.name}
                >
                  <Picture
                    shown={{
                      name: media.name,
                      mime: media.mime,
                      picture: media.thumbnail_url ?? (media.mime.startsWith("image/") ? media.url : null),
                      media,
                      upload: null,
                      error: null,
                    }}
                    alt=""
                    className={classes.picture}
                  />
                  <Checkbox
                    id={`library-${media.id}`}
                    className={classes.check}
                    checked={on}
                    onChange={() => toggle(media)}
                    aria-label={media.alt ? `${media.name}, ${media.alt}` : media.name}
                  />
                </label>
              );
            })}
          </div>
        )}
        {library.hasNextPage && (
          <Button
            variant="default"
            onClick={() => library.fetchNextPage()}
            loading={library.isFetchingNextPage}
          >
            {t("common.more")}
          </Button>
        )}
        <Group justify="flex-end" className={classes.foot}>
          <Button variant="default" onClick={onClose}>
            {t("common.cancel")}
          </Button>
          <Button onClick={take} disabled={picked.length === 0}>
            {t("composer.library.take", { count: picked.length })}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
