import "@/i18n/composing";
import { Group, Text, Title, UnstyledButton } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Channel } from "@/api/types";
import { useNetworkMap } from "@/app/queries";
import { ChannelAvatar } from "@/components/channel-avatar";
import { GLOBAL, partsOf, type Scope } from "../model";
import type { Check } from "../use-check";
import type { Composer } from "../use-composer";
import { ChannelPreview } from "./channel-preview";
import classes from "./preview.module.css";

interface Props {
  composer: Composer;
  scope: Scope;
  check: Check;
  /** The picked channels. */
  channels: Channel[];
}

/** How the post will look on a channel: that of the open tab, or under Global the one chosen here. */
export function PreviewPanel({ composer, scope, check, channels }: Props) {
  const { t } = useTranslation();
  const networks = useNetworkMap();
  const [chosen, setChosen] = useState<string | null>(null);
  const wanted = scope === GLOBAL ? chosen : scope;
  const channel = channels.find((it) => it.id === wanted) ?? channels[0];
  if (!channel) {
    return (
      <section aria-label={t("composer.preview.title")}>
        <Title order={2} size="h5" mb={4}>
          {t("composer.preview.title")}
        </Title>
        <Text size="sm" c="dimmed">
          {t("composer.preview.none")}
        </Text>
      </section>
    );
  }
  return (
    <section aria-label={t("composer.preview.title")}>
      <Group justify="space-between" gap="xs" mb={6} wrap="wrap">
        <Title order={2} size="h5">
          {t("composer.preview.title")}
        </Title>
        {scope === GLOBAL && channels.length > 1 && (
          <Group gap={4} role="group" aria-label={t("composer.preview.choose")} wrap="wrap">
            {channels.map((it) => (
              <UnstyledButton
                key={it.id}
                className={classes.choice}
                aria-pressed={it.id === channel.id}
                title={it.name}
                onClick={() => setChosen(it.id)}
              >
                <ChannelAvatar channel={it} network={networks.get(it.network)} size={24} />
                <span className="visually-hidden">{t("composer.preview.as", { name: it.name })}</span>
              </UnstyledButton>
            ))}
          </Group>
        )}
      </Group>
      <ChannelPreview
        channel={channel}
        parts={partsOf(composer.draft, channel.id)}
        settings={composer.draft.variants[channel.id]?.settings ?? {}}
        files={composer.files}
        check={check.data?.channels.find((it) => it.channel_id === channel.id)}
      />
    </section>
  );
}
