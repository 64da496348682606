import "@/i18n/plugs";
import { Button, Group, Paper, Select, Stack, Text, Textarea, Title } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Channel, Network } from "@/api/types";
import { useChannels, useNetworkMap } from "@/app/queries";
import { type FindingGroup, fieldId, findingsAt } from "@/features/composer/findings";
import type { Following } from "@/features/composer/model";
import { isAble } from "./able";

interface Props {
  channel: Channel;
  network: Network;
  plugs: Following[];
  groups: FindingGroup[];
  onChange: (plugs: Following[]) => void;
}

const ACTS = ["repost", "comment"] as const;
const MINUTES = [5, 15, 30, 60, 2 * 60, 4 * 60, 8 * 60, 12 * 60, 24 * 60];

/** What channels do with a post some time after it is out on this one. */
export function FollowingForm({ channel, network, plugs, groups, onChange }: Props) {
  const { t } = useTranslation();
  const channels = useChannels().data ?? [];
  const networks = useNetworkMap();
  const able = (act: Following["act"]) =>
    channels.filter((by) => {
      const its = networks.get(by.network);
      return its && isAble(act, { channel: by, network: its }, { channel, network });
    });
  const acts = ACTS.filter((act) => able(act).length > 0);
  const first = acts[0];
  if (!first && plugs.length === 0) return null;
  const place = { scope: channel.id, part: 0, field: "plugs" } as const;
  const add = () => {
    // What nobody does yet comes first, and others before the channel itself.
    for (const act of acts)
      for (const by of [...able(act)].sort(
        (a, b) => Number(a.id === channel.id) - Number(b.id === channel.id),
      ))
        if (!plugs.some((plug) => plug.act === act && plug.by === by.id))
          return onChange([...plugs, { act, by: by.id, after_minutes: 30 }]);
  };
  const free = acts.reduce((sum, act) => sum + able(act).length, 0) > plugs.length;
  return (
    <section id={fieldId(place)} tabIndex={-1} aria-label={t("plugs.after.title")}>
      <Title order={2} size="h5">
        {t("plugs.after.title")}
      </Title>
      <Text size="sm" c="dimmed" mb="xs">
        {t("plugs.after.text")}
      </Text>
      <Stack gap="sm">
        {plugs.map((plug, index) => (
          <Plug
            key={index}
            id={fieldId({ ...place, item: index.toString() })}
            number={index + 1}
            plug={plug}
            acts={acts.includes(plug.act) ? acts : [...acts, plug.act]}
            able={able}
            error={findingsAt(groups, { ...place, item: index.toString() })
              .map((finding) => `${finding.message} ${finding.fix}`)
              .join(" ")}
            onChange={(next) => onChange(plugs.map((it, at) => (at === index ? next : it)))}
            onRemove={() => onChange(plugs.filter((_, at) => at !== index))}
          />
        ))}
        {first && free && (
          <Group>
            <Button
              size="xs"
              variant="default"
              leftSection={<IconPlus size={14} aria-hidden />}
              onClick={add}
            >
              {t("plugs.after.add")}
            </Button>
          </Group>
        )}
      </Stack>
    </section>
  );
}

interface PlugProps {
  id: string;
  number: number;
  plug: Following;
  acts: readonly Following["act"][];
  able: (act: Following["act"]) => Channel[];
  error: string;
  onChange: (plug: Following) => void;
  onRemove: () => void;
}

function Plug({ id, number, plug, acts, able, error, onChange, onRemove }: PlugProps) {
  const { t } = useTranslation();
  const spans = MINUTES.includes(plug.after_minutes)
    ? MINUTES
    : [...MINUTES, plug.after_minutes].sort((a, b) => a - b);
  const span = (minutes: number) =>
    minutes % 60 === 0
      ? t("plugs.after.hours", { count: minutes / 60 })
      : t("plugs.after.minutes", { count: minutes });
  const by = able(plug.act).map((channel) => ({ value: channel.id, label: channel.name }));
  if (!by.some(({ value }) => value === plug.by)) by.push({ value: plug.by, label: t("plugs.after.gone") });
  /** Whoever can do the other thing goes on with it. */
  const acting = (act: Following["act"]) => {
    const next = able(act);
    const still = next.some((channel) => channel.id === plug.by) ? plug.by : next[0]?.id;
    onChange({ ...plug, act, by: still ?? plug.by });
  };
  return (
    <Paper
      withBorder
      m={0}
      p="xs"
      component="fieldset"
      id={id}
      tabIndex={-1}
      aria-label={t("plugs.after.item", { number })}
    >
      <Stack gap="xs">
        <Group gap="xs" align="flex-end">
          <Select
            label={t("plugs.after.act")}
            data={acts.map((act) => ({ value: act, label: t(`plugs.after.${act}`) }))}
            value={plug.act}
            allowDeselect={false}
            onChange={(act) => act && acting(act as Following["act"])}
            flex="1 1 8rem"
          />
          <Select
            label={t("plugs.after.by")}
            data={by}
            value={plug.by}
            allowDeselect={false}
            onChange={(next) => next && onChange({ ...plug, by: next })}
            flex="2 1 10rem"
          />
          <Select
            label={t("plugs.after.when")}
            data={spans.map((minutes) => ({ value: minutes.toString(), label: span(minutes) }))}
            value={plug.after_minutes.toString()}
            allowDeselect={false}
            onChange={(next) => next && onChange({ ...plug, after_minutes: Number(next) })}
            flex="1 1 8rem"
          />
        </Group>
        {plug.act === "comment" && (
          <Textarea
            label={t("plugs.after.words")}
            autosize
            minRows={2}
            value={plug.text ?? ""}
            onChange={(event) => onChange({ ...plug, text: event.currentTarget.value })}
          />
        )}
        {error && (
          <Text size="sm" c="var(--mantine-color-error)" role="alert">
            {error}
          </Text>
        )}
        <Group justify="flex-end">
          <Button
            size="compact-sm"
            variant="subtle"
            color="gray"
            leftSection={<IconTrash size={14} aria-hidden />}
            onClick={onRemove}
          >
            {t("plugs.after.remove")}
            <span className="visually-hidden"> {t("plugs.after.item", { number })}</span>
          </Button>
        </Group>
      </Stack>
    </Paper>
  );
}
