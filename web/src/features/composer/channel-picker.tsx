import "@/i18n/composing";
import { Button, Group, Text, TextInput, UnstyledButton } from "@mantine/core";
import { IconCheck, IconPlus, IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Channel } from "@/api/types";
import { useNetworkMap } from "@/app/queries";
import { ChannelAvatar } from "@/components/channel-avatar";
import { ButtonLink } from "@/components/links";
import { ChannelStateIcon } from "@/components/state-badge";
import classes from "./channel-picker.module.css";

interface Props {
  channels: Channel[];
  picked: string[];
  error: string | null;
  onToggle: (channel: string, on: boolean) => void;
  onSet: (channels: string[]) => void;
}

/** From how many channels on a search is shown. */
const MANY = 12;

export function ChannelPicker({ channels, picked, error, onToggle, onSet }: Props) {
  const { t } = useTranslation();
  const networks = useNetworkMap();
  const [query, setQuery] = useState("");
  // What the post began with comes first: with many channels it would be out of sight. Nothing moves while one picks.
  const [first] = useState(picked);
  const wanted = query.trim().toLocaleLowerCase();
  const usable = channels.filter((channel) => channel.state !== "disabled" || picked.includes(channel.id));
  const ordered = usable.toSorted((a, b) => Number(first.includes(b.id)) - Number(first.includes(a.id)));
  const shown = ordered.filter((channel) => {
    const words = `${channel.name} ${channel.handle} ${networks.get(channel.network)?.name ?? channel.network}`;
    return !wanted || words.toLocaleLowerCase().includes(wanted) || picked.includes(channel.id);
  });
  const all = usable.filter((channel) => channel.state === "active").map((channel) => channel.id);

  if (usable.length === 0) {
    return (
      <Group gap="sm" id="compose-channels" tabIndex={-1}>
        <Text size="sm">
          {t(channels.length > 0 ? "composer.channels.allDisabled" : "composer.channels.none")}
        </Text>
        <ButtonLink to="/channels/add" size="xs" leftSection={<IconPlus size={16} aria-hidden />}>
          {t("composer.channels.add")}
        </ButtonLink>
      </Group>
    );
  }
  return (
    <section
      aria-label={t("composer.channels.label")}
      id="compose-channels"
      tabIndex={-1}
      className={classes.root}
    >
      <Group gap="xs" justify="space-between" mb={6}>
        <Text size="sm" fw={600}>
          {t("composer.channels.label")}{" "}
          <Text span size="sm" c="dimmed" fw={400}>
            {t("composer.channels.count", { count: picked.length })}
          </Text>
        </Text>
        <Group gap={4}>
          {usable.length > MANY && (
            <TextInput
              type="search"
              size="xs"
              leftSection={<IconSearch size={14} aria-hidden />}
              placeholder={t("composer.channels.search")}
              aria-label={t("composer.channels.search")}
              value={query}
              onChange={(event) => setQuery(event.currentTarget.value)}
            />
          )}
          {all.length > 1 && (
            <Button
              variant="subtle"
              size="compact-xs"
              onClick={() => onSet(picked.length >= all.length ? [] : all)}
            >
              {t(picked.length >= all.length ? "composer.channels.clear" : "composer.channels.all")}
            </Button>
          )}
        </Group>
      </Group>
      <div className={classes.list}>
        {shown.map((channel) => {
          const on = picked.includes(channel.id);
          return (
            <UnstyledButton
              key={channel.id}
              className={classes.channel}
              aria-pressed={on}
              data-on={on || undefined}
              onClick={() => onToggle(channel.id, !on)}
            >
              <ChannelAvatar channel={channel} network={networks.get(channel.network)} size={26} />
              <span className={classes.name}>{channel.name}</span>
              <span className="visually-hidden">
                {networks.get(channel.network)?.name ?? channel.network}, {channel.handle}
              </span>
              {channel.state !== "active" && <ChannelStateIcon state={channel.state} size={16} />}
              {on && <IconCheck size={16} aria-hidden className={classes.check} />}
            </UnstyledButton>
          );
        })}
      </div>
      {error && (
        <Text size="sm" c="var(--mantine-color-error)" mt={6} role="alert">
          {error}
        </Text>
      )}
      <Unwell
        channels={channels.filter((channel) => picked.includes(channel.id) && channel.state !== "active")}
      />
    </section>
  );
}

/** Picked channels that would not take the post as they are. */
function Unwell({ channels }: { channels: Channel[] }) {
  const { t } = useTranslation();
  return channels.map((channel) => (
    <Group key={channel.id} gap="xs" mt={6}>
      <ChannelStateIcon state={channel.state} />
      <Text size="sm" flex="1 1 16rem">
        {t(channel.state === "disabled" ? "composer.channels.disabled" : "composer.channels.needsReconnect", {
          name: channel.name,
        })}
      </Text>
      <ButtonLink
        to="/channels/$channel"
        params={{ channel: channel.id }}
        size="compact-xs"
        variant="default"
      >
        {t("composer.channels.look")}
      </ButtonLink>
    </Group>
  ));
}
