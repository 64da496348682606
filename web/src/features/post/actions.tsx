import "@/i18n/scheduling";
import { Button, Menu } from "@mantine/core";
import {
  IconCalendarTime,
  IconCopy,
  IconDotsVertical,
  IconPencil,
  IconRecycle,
  IconTrash,
} from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Post } from "@/api/types";
import { useFormat } from "@/app/format";
import { useSession } from "@/app/session";
import { wallOf } from "@/app/zoned";
import { Confirm } from "@/components/confirm";
import { ButtonLink } from "@/components/links";
import { toast } from "@/components/toast";
import { isEditable } from "@/features/composer/model";
import { unmovable } from "./move";
import { type RepeatScope, useDeletePost, useDuplicatePost } from "./queries";
import { RepeatScopeChoice } from "./repeat-scope";

const KeepModal = lazy(() =>
  import("@/features/evergreen/keep-modal").then((module) => ({ default: module.KeepModal })),
);
const MoveModal = lazy(() => import("./move-modal").then((module) => ({ default: module.MoveModal })));

/** What can be done with the whole post. */
export function PostActions({ post }: { post: Post }) {
  const { t } = useTranslation();
  const { user } = useSession();
  const format = useFormat();
  const navigate = useNavigate();
  const [dialog, setDialog] = useState<"move" | "delete" | "keep" | null>(null);
  const duplicate = useDuplicatePost();
  const close = () => setDialog(null);
  const draft = post.state === "draft";
  const editable = isEditable(post);
  const showDay = () => {
    const date = post.due_at ? wallOf(post.due_at, user.time_zone).date : undefined;
    void navigate({ to: "/calendar", search: date ? { date } : {} });
  };
  return (
    <>
      {editable && (
        <ButtonLink
          to="/posts/$id/edit"
          params={{ id: post.id }}
          variant={draft ? "filled" : "default"}
          leftSection={<IconPencil size={16} aria-hidden />}
        >
          {t(draft ? "post.goOn" : "post.edit")}
        </ButtonLink>
      )}
      {unmovable(post) === null && !draft && (
        <Button
          variant="default"
          leftSection={<IconCalendarTime size={16} aria-hidden />}
          onClick={() => setDialog("move")}
        >
          {t("post.move")}
        </Button>
      )}
      <Menu position="bottom-end">
        <Menu.Target>
          <Button
            variant="default"
            px="xs"
            aria-label={t("common.moreActions")}
            loading={duplicate.isPending}
          >
            <IconDotsVertical size={18} aria-hidden />
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={<IconCopy size={16} aria-hidden />}
            onClick={() =>
              duplicate.mutate(post.id, {
                onSuccess: (copy) => {
                  toast.done(t("post.duplicated"));
                  void navigate({ to: "/posts/$id/edit", params: { id: copy.id } });
                },
                onError: (error) => toast.failed(error),
              })
            }
          >
            {t("post.duplicate")}
          </Menu.Item>
          {!post.kept_in && (
            <Menu.Item leftSection={<IconRecycle size={16} aria-hidden />} onClick={() => setDialog("keep")}>
              {t("evergreen.keep")} …
            </Menu.Item>
          )}
          {post.due_at && (
            <Menu.Item leftSection={<IconCalendarTime size={16} aria-hidden />} onClick={showDay}>
              {t("post.view")}
            </Menu.Item>
          )}
          <Menu.Divider />
          <Menu.Item
            leftSection={<IconTrash size={16} aria-hidden />}
            c="var(--mantine-color-error)"
            onClick={() => setDialog("delete")}
          >
            {t("post.delete")} …
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {dialog === "move" && (
        <Suspense fallback={null}>
          <MoveModal
            post={post}
            onClose={close}
            onMoved={(to) => {
              close();
              toast.done(t("post.moved", { when: format.dateTime(to) }));
            }}
          />
        </Suspense>
      )}
      {dialog === "keep" && (
        <Suspense fallback={null}>
          <KeepModal post={post.id} onClose={close} />
        </Suspense>
      )}
      <DeleteDialog post={post} opened={dialog === "delete"} onClose={close} />
    </>
  );
}

function DeleteDialog({ post, opened, onClose }: { post: Post; opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const remove = useDeletePost();
  const [scope, setScope] = useState<RepeatScope>("this");
  const waiting = post.publications.filter(({ state }) =>
    ["scheduled", "preparing", "held"].includes(state),
  ).length;
  const sent = post.publications.some(({ state }) => state === "published" || state === "unconfirmed");
  return (
    <Confirm
      opened={opened}
      title={t("post.deleteTitle")}
      confirmLabel={t("common.delete")}
      danger
      busy={remove.isPending}
      error={remove.error}
      onClose={() => {
        remove.reset();
        onClose();
      }}
      onConfirm={() =>
        remove.mutate(
          { id: post.id, ...(post.series_id && { scope }) },
          {
            onSuccess: () => {
              toast.done(t("post.deleted"));
              void navigate({ to: "/calendar" });
            },
          },
        )
      }
    >
      {waiting > 0 && `${t("post.deleteWaiting", { count: waiting })} `}
      {sent && t("post.deleteSent")}
      {waiting === 0 && !sent && t("post.deleteDraft")}
      {post.series_id && <RepeatScopeChoice scope={scope} onScope={setScope} />}
    </Confirm>
  );
}
