import { Modal } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { PostSummary } from "@/api/types";
import type { CardContext } from "./card";
import { PostRow } from "./list-row";

interface Props {
  title: string;
  posts: readonly { post: PostSummary; due: string | null }[];
  context: CardContext;
  onClose: () => void;
}

/** All posts of a cell that shows only some, or the drafts without a time. */
export function PostsModal({ title, posts, context, onClose }: Props) {
  const { t } = useTranslation();
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      size="lg"
      padding="sm"
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      {posts.map(({ post, due }) => (
        <PostRow key={post.id} post={post} due={due} context={context} />
      ))}
    </Modal>
  );
}
