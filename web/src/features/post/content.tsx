import { Group, Stack, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Channel, Network, PartInput, Post } from "@/api/types";
import { useChannelMap, useNetworkMap } from "@/app/queries";
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
                {settings.map(([label, value]) => (
                  <div key={label}>
                    <dt>{label}</dt>
                    <dd>{value}</dd>
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

/** A channel's settings with the labels of the network's schema. */
function settingsOf(
  settings: Record<string, unknown> | undefined,
  network: Network | undefined,
): [string, string][] {
  const properties = (network?.settings_schema.properties ?? {}) as Record<
    string,
    { title?: string } | undefined
  >;
  return Object.entries(settings ?? {}).map(([name, value]) => [
    properties[name]?.title ?? name,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
}

const files = (part: PartInput) => part.media ?? [];

function Parts({ parts }: { parts: readonly PartInput[] }) {
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
              {(part.delay_minutes ?? 0) > 0 && (
                <Text size="xs" c="dimmed">
                  {t("post.delay", { count: part.delay_minutes ?? 0 })}
                </Text>
              )}
            </Group>
          )}
          {part.text ? (
            <p className={classes.text} dir="auto">
              {part.text}
            </p>
          ) : (
            files(part).length === 0 && <Text c="dimmed">{t("post.noText")}</Text>
          )}
          {files(part).length > 0 && <PartMedia media={files(part)} />}
        </li>
      ))}
    </ol>
  );
}
