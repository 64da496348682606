import { Button, Checkbox, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useChannels, useNetworkMap } from "@/app/queries";
import { ChannelAvatar } from "@/components/channel-avatar";
import { ChannelStateIcon, StateIcon } from "@/components/state-badge";
import classes from "./filter-menu.module.css";
import { STATES } from "./search";
import { useFilter } from "./use-filter";

/** The channels and states to choose from. */
export function FilterChoices() {
  const { t } = useTranslation();
  const { filter, count, toggleChannel, toggleState, clear } = useFilter();
  const channels = useChannels();
  const networks = useNetworkMap();
  return (
    <div className={classes.scroll}>
      <Stack gap="sm" p="sm">
        <fieldset className={classes.group}>
          <legend>{t("calendar.filter.channels")}</legend>
          {channels.data?.length === 0 && (
            <Text size="sm" c="dimmed">
              {t("calendar.filter.noChannels")}
            </Text>
          )}
          {channels.data?.map((channel) => (
            <Checkbox
              key={channel.id}
              checked={filter.channels.includes(channel.id)}
              onChange={() => toggleChannel(channel.id)}
              classNames={{ body: classes.row, labelWrapper: classes.words, label: classes.label }}
              label={
                <>
                  <ChannelAvatar channel={channel} network={networks.get(channel.network)} size={22} />
                  <span className={classes.name} title={channel.handle}>
                    {channel.name}
                  </span>
                  {channel.state !== "active" && <ChannelStateIcon state={channel.state} />}
                </>
              }
            />
          ))}
        </fieldset>
        <fieldset className={classes.group}>
          <legend>{t("calendar.filter.states")}</legend>
          {STATES.map((state) => (
            <Checkbox
              key={state}
              checked={filter.states.includes(state)}
              onChange={() => toggleState(state)}
              classNames={{ body: classes.row, labelWrapper: classes.words, label: classes.label }}
              label={
                <>
                  <span aria-hidden className={classes.icon}>
                    <StateIcon state={state} />
                  </span>
                  {t(`common.state.${state}`)}
                </>
              }
            />
          ))}
        </fieldset>
        <Button variant="default" size="xs" onClick={clear} disabled={count === 0}>
          {t("calendar.filter.clear")}
        </Button>
      </Stack>
    </div>
  );
}
