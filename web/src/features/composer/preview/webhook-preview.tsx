import "@/i18n/composing";
import { useQueries } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useSession } from "@/app/session";
import { mediaQuery } from "../queries";
import type { PreviewProps } from "./channel-preview";
import classes from "./preview.module.css";

/** What a receiver is sent, one call a part, as far as it is known before sending. */
export function WebhookPreview({ channel, parts, files, check }: PreviewProps) {
  const { t } = useTranslation();
  const { workspace } = useSession();
  const ids = [...new Set(parts.flatMap((part) => part.media.flatMap((item) => item.id ?? [])))];
  const known = useQueries({ queries: ids.map((id) => mediaQuery(workspace.id, id)) });
  const media = new Map(ids.map((id, index) => [id, known[index]?.data]));
  return (
    <div className={classes.frame} data-network="webhook">
      {parts.map((part, index) => {
        const payload = {
          type: "post.publish",
          channel: channel.handle,
          part: index,
          content: { text: check?.parts[index]?.text_preview ?? part.text },
          media: part.media.map((item) => {
            const file = item.id ? media.get(item.id) : undefined;
            const upload = files.get(item.key);
            return {
              name: file?.name ?? upload?.file.name ?? "",
              mime: file?.mime ?? upload?.file.type ?? "",
              alt: item.alt,
            };
          }),
        };
        return (
          <div key={part.key} className={classes.call}>
            <div className={classes.request}>POST {channel.name}</div>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
            <section className={classes.json} tabIndex={0} aria-label={t("composer.preview.payload")}>
              <pre>{JSON.stringify(payload, null, 2)}</pre>
            </section>
          </div>
        );
      })}
    </div>
  );
}
