import { Group, Stack, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Channel, Network, Part, Post } from "@/api/types";
import { useChannelMap, useNetworkMap } from "@/app/queries";
import { DocumentView } from "@/components/document-view";
import { SettingValue } from "@/features/composer/setting-value";
import { settingFields } from "@/features/composer/settings-schema";
import classes from "./content.module.css";
import { PartMedia } from "./part-media";

/** What the post says: once for all channels, and on its own where a channel's was tailored. */
export function PostContent({ post }: { post: Post }) {
  const { t } = useTranslation();
  const channels = useChannelMap();
  const networks = useNetworkMap();
  const tailored = post.channels.filter((id) => post.variants[id]?.parts);
  const shared = post.channels.length === 0 || tailored.length < post.channels.length;
  return (
    <Stack gap="md">
      {shared && (
        <section>
          <Title order={2} size="h5" mb="xs">
            {t("post.content")}
          </Title>
          <Parts parts={post.parts} />
        </section>
      )}
      {post.channels.map((id) => {
        const variant = post.variants[id];
        const settings = settingsOf(variant?.settings, networks.get(channels.get(id)?.network ?? ""));
        if (!variant?.parts && settings.length === 0) return null;
        return (
          <section key={id}>
            <Title order={2} size="h5" mb="xs">
              {t("post.contentFor", { channel: nameOf(channels.get(id), t("post.gone")) })}
            </Title>
            {variant?.parts && <Parts parts={variant.parts} />}
            {settings.length > 0 && (
              <dl className={classes.settings}>
                {settings.map(({ name, label, lookup, value }) => (
                  <div key={name}>
                    <dt>{label}</dt>
                    <dd>
                      <SettingValue channel={id} lookup={lookup} value={value} />
                    </dd>
                  </div>
                ))}
              </dl>
            )}
          </section>
        );
      })}
    </Stack>
  );
}

function nameOf(channel: Channel | undefined, gone: string): string {
  return channel?.name ?? gone;
}

/** A channel's settings in the order and with the labels of the network's form. */
function settingsOf(settings: Record<string, unknown> | undefined, network: Network | undefined) {
  const fields = settingFields(network?.settings_schema);
  const known = new Map(fields.map((field, at) => [field.name, { field, at }]));
  const place = (name: string) => known.get(name)?.at ?? fields.length;
  return Object.entries(settings ?? {})
    .sort(([a], [b]) => place(a) - place(b))
    .map(([name, value]) => {
      const field = known.get(name)?.field;
      const chosen = field?.options.find((option) => option.value === value)?.label;
      return { name, label: field?.title ?? name, lookup: field?.lookup ?? "", value: chosen ?? value };
    });
}

function Parts({ parts }: { parts: readonly Part[] }) {
  const { t } = useTranslation();
  return (
    <ol className={classes.parts}>
      {parts.map((part, index) => (
        <li key={index} className={classes.part}>
          {parts.length > 1 && (
            <Group gap="xs">
              <Text size="xs" fw={600} c="dimmed">
                {t("post.part", { number: index + 1 })}
              </Text>
              {part.delay_minutes > 0 && (
                <Text size="xs" c="dimmed">
                  {t("post.delay", { count: part.delay_minutes })}
                </Text>
              )}
            </Group>
          )}
          {part.body.length > 0 ? (
            <div className={classes.text}>
              <DocumentView blocks={part.body} />
            </div>
          ) : (
            part.media.length === 0 && <Text c="dimmed">{t("post.noText")}</Text>
          )}
          {part.media.length > 0 && <PartMedia media={part.media} />}
        </li>
      ))}
    </ol>
  );
}
