import "@/i18n/afterwards";
import { Button, Checkbox, Group, Modal, Stack, Text, Textarea } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Channel, Format, Post, Publication } from "@/api/types";
import { useChannelMap, useNetworkMap } from "@/app/queries";
import { ProblemView } from "@/components/problem-view";
import { toast } from "@/components/toast";
import { useEditPublished } from "./queries";

interface Props {
  post: Post;
  publication: Publication;
  channel: Channel;
  onClose: () => void;
}

interface Words {
  text: string;
  format: Format;
}

/** What the post says on a channel. */
function wordsOn(post: Post, channel: string): Words[] {
  return (post.variants[channel]?.parts ?? post.parts).map(({ text, format }) => ({ text, format }));
}

const same = (a: Words[], b: Words[]) =>
  a.length === b.length &&
  a.every(({ text, format }, index) => text === b[index]?.text && format === b[index].format);

/** Gives what is published other words, here and on other channels that say the same. */
export function EditPublished({ post, publication, channel, onClose }: Props) {
  const { t } = useTranslation();
  const channels = useChannelMap();
  const networks = useNetworkMap();
  const edit = useEditPublished(post.id);
  const [before] = useState(() => wordsOn(post, channel.id));
  const [words, setWords] = useState(before);
  const others = post.publications.filter(
    (other) => other.id !== publication.id && other.state === "published" && !other.removed_at,
  );
  const can = others.filter(
    (other) => networks.get(other.network)?.abilities.edit && channels.has(other.channel_id),
  );
  const alike = can.filter((other) => same(wordsOn(post, other.channel_id), before));
  const [also, setAlso] = useState(() => alike.map(({ id }) => id));
  const named = (list: Publication[]) =>
    list.map((other) => channels.get(other.channel_id)?.name ?? other.network).join(", ");
  const cannot = others.filter((other) => !can.includes(other));
  const unlike = can.filter((other) => !alike.includes(other));

  const submit = (event: FormEvent) => {
    event.preventDefault();
    edit.mutate(
      { publications: [publication.id, ...also], parts: words },
      {
        onSuccess: () => {
          toast.done(t("afterwards.asked"));
          onClose();
        },
      },
    );
  };

  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={t("afterwards.editTitle", { channel: channel.name })}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <form onSubmit={submit} noValidate>
        <Stack>
          <Text size="sm">{t("afterwards.editText")}</Text>
          {words.map(({ text, format }, index) => (
            <Textarea
              key={index}
              label={words.length > 1 ? t("afterwards.part", { number: index + 1 }) : t("afterwards.words")}
              description={format === "markdown" ? t("afterwards.markdown") : undefined}
              value={text}
              onChange={(event) => {
                const { value } = event.currentTarget;
                setWords((all) => all.map((one, at) => (at === index ? { ...one, text: value } : one)));
              }}
              autosize
              minRows={3}
              maxRows={14}
              data-autofocus={index === 0 || undefined}
            />
          ))}
          {alike.length > 0 && (
            <Checkbox.Group label={t("afterwards.also")} value={also} onChange={setAlso}>
              <Stack gap={6} mt={4}>
                {alike.map((other) => (
                  <Checkbox key={other.id} value={other.id} label={named([other])} />
                ))}
              </Stack>
            </Checkbox.Group>
          )}
          {cannot.length > 0 && <Text size="sm">{t("afterwards.cannot", { channels: named(cannot) })}</Text>}
          {unlike.length > 0 && <Text size="sm">{t("afterwards.unlike", { channels: named(unlike) })}</Text>}
          {edit.error && <ProblemView error={edit.error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t("common.cancel")}
            </Button>
            <Button type="submit" loading={edit.isPending} disabled={same(words, before)}>
              {t("afterwards.save")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
