import "@/i18n/composing";
import { ScrollArea, Tabs } from "@mantine/core";
import { IconWorld } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Channel } from "@/api/types";
import { useNetworkMap } from "@/app/queries";
import { ChannelAvatar } from "@/components/channel-avatar";
import { errorCount, type FindingGroup } from "./findings";
import { type Draft, GLOBAL, isCustomised } from "./model";
import classes from "./scope-tabs.module.css";

interface Props {
  draft: Draft;
  channels: Channel[];
  groups: FindingGroup[];
}

/** Global, and one tab for every picked channel. */
export function ScopeTabs({ draft, channels, groups }: Props) {
  const { t } = useTranslation();
  const networks = useNetworkMap();
  return (
    <ScrollArea type="auto" scrollbars="x" scrollbarSize={6} offsetScrollbars={false}>
      <Tabs.List className={classes.list} aria-label={t("composer.tabs.label")}>
        <Tabs.Tab value={GLOBAL} leftSection={<IconWorld size={18} aria-hidden />}>
          {t("composer.tabs.global")}
        </Tabs.Tab>
        {channels.map((channel) => (
          <Tabs.Tab
            key={channel.id}
            value={channel.id}
            leftSection={
              <ChannelAvatar channel={channel} network={networks.get(channel.network)} size={22} />
            }
            rightSection={<Mark count={errorCount(groups, channel.id)} />}
          >
            <span className={classes.name}>{channel.name}</span>
            {isCustomised(draft, channel.id) && (
              <span className={classes.tailored} title={t("composer.tabs.tailored")}>
                <span className="visually-hidden">{t("composer.tabs.tailored")}</span>
              </span>
            )}
          </Tabs.Tab>
        ))}
      </Tabs.List>
    </ScrollArea>
  );
}

function Mark({ count }: { count: number }) {
  const { t } = useTranslation();
  if (count === 0) return null;
  return (
    <span className={classes.mark}>
      <span aria-hidden>{count}</span>
      <span className="visually-hidden">{t("composer.findings.count", { count })}</span>
    </span>
  );
}
