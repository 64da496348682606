import "@/i18n/composing";
import type { Channel, ChannelCheck } from "@/api/types";
import type { Part } from "../model";
import type { Upload } from "../uploads";
import { FeedPart } from "./feed-part";
import { lookOf } from "./looks";
import { isOpened, OpenedPart } from "./opened-part";
import { plainBlocks } from "./plain-blocks";
import classes from "./preview.module.css";
import { WebhookPreview } from "./webhook-preview";

export interface PreviewProps {
  channel: Channel;
  parts: Part[];
  settings: Record<string, unknown>;
  files: ReadonlyMap<string, Upload>;
  check: ChannelCheck | undefined;
}

/** The post as the network would show it, part by part. */
export function ChannelPreview(props: PreviewProps) {
  const { channel, parts, settings, files, check } = props;
  if (channel.network === "webhook") return <WebhookPreview {...props} />;
  const look = lookOf(channel.network);
  const isFeed = !isOpened(look.shape);
  return (
    <div className={classes.frame} data-network={channel.network} data-shape={look.shape}>
      {parts.map((part, index) => {
        const shown = {
          channel,
          settings,
          files,
          look,
          media: part.media,
          blocks: check?.parts[index]?.shown ?? plainBlocks(part.text),
          links: check?.parts[index]?.links ?? [],
        };
        // What follows a page, a film or a title are its comments.
        if (isFeed || index > 0) {
          return (
            <FeedPart key={part.key} {...shown} isComment={!isFeed} isLast={index === parts.length - 1} />
          );
        }
        return <OpenedPart key={part.key} {...shown} />;
      })}
    </div>
  );
}
