import "@/i18n/plugs";
import { Anchor, List, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Plug } from "@/api/types";
import { useFormat } from "@/app/format";
import { useChannelMap } from "@/app/queries";

/** What is done to a published post by itself, and what became of it. */
export function PlugList({ plugs }: { plugs: Plug[] }) {
  const { t } = useTranslation();
  if (plugs.length === 0) return null;
  return (
    <section aria-label={t("plugs.list.title")}>
      <Text size="sm" fw={600}>
        {t("plugs.list.title")}
      </Text>
      <List size="sm" listStyleType="none" spacing={4}>
        {plugs.map((plug) => (
          <Line key={`${plug.act} ${plug.channel_id} ${plug.likes ?? ""}`} plug={plug} />
        ))}
      </List>
    </section>
  );
}

function Line({ plug }: { plug: Plug }) {
  const { t } = useTranslation();
  const format = useFormat();
  const channel = useChannelMap().get(plug.channel_id)?.name ?? t("plugs.after.gone");
  const stands = () => {
    switch (plug.state) {
      case "watching":
        return t("plugs.list.watching", { count: plug.likes ?? 0 });
      case "due":
        return plug.due_at ? t("plugs.list.due", { when: format.dateTime(plug.due_at) }) : "";
      case "done":
        return plug.done_at ? t("plugs.list.done", { when: format.dateTime(plug.done_at) }) : "";
      case "unconfirmed":
        return t("plugs.list.unconfirmed");
      case "failed":
        return t("plugs.list.failed");
      case "dropped":
        return t("plugs.list.dropped");
    }
  };
  const said = plug.state === "done" ? null : plug.reason?.message;
  const url = plug.url && /^https?:\/\//i.test(plug.url) ? plug.url : null;
  return (
    <List.Item>
      {t(`plugs.list.${plug.act}`, { channel })}: {stands()}
      {said && (
        <Text size="sm" c="dimmed">
          {format.instantsIn(said)}
        </Text>
      )}
      {url && (
        <>
          {" "}
          <Anchor href={url} target="_blank" rel="noreferrer" size="sm" underline="always">
            {t("plugs.list.open")}
            <span className="visually-hidden"> ({t("common.opensNewTab")})</span>
          </Anchor>
        </>
      )}
    </List.Item>
  );
}
