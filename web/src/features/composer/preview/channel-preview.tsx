import "@/i18n/composing";
import { Avatar } from "@mantine/core";
import {
  IconBolt,
  IconBookmark,
  IconDots,
  IconHeart,
  IconMessageCircle,
  IconRepeat,
  IconShare2,
  IconStar,
  IconWorld,
} from "@tabler/icons-react";
import type { ComponentType, ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Channel, ChannelCheck } from "@/api/types";
import type { Part } from "../model";
import type { Upload } from "../uploads";
import { MediaGrid } from "./media-grid";
import classes from "./preview.module.css";
import { RichText } from "./rich-text";
import { WebhookPreview } from "./webhook-preview";

export interface PreviewProps {
  channel: Channel;
  parts: Part[];
  settings: Record<string, unknown>;
  files: ReadonlyMap<string, Upload>;
  check: ChannelCheck | undefined;
}

type Glyph = ComponentType<{ size?: number; stroke?: number; "aria-hidden"?: boolean }>;

interface Look {
  /** Above the words, or beside them. */
  layout: "stacked" | "beside";
  avatar: "round" | "square";
  actions: Glyph[];
  /** Files are shown as links do: below the words, full width each. */
  stackedMedia?: boolean;
  /** Its settings have a title and a link, shown around the words. */
  titled?: boolean;
  time: (now: string) => ReactNode;
  handle: (channel: Channel) => string;
}

const at = (handle: string) => (handle.startsWith("@") ? handle : `@${handle}`);

function shortKey(handle: string): string {
  return /^npub1/.test(handle) && handle.length > 20 ? `${handle.slice(0, 10)}…${handle.slice(-6)}` : handle;
}

const PLAYGROUND: Look = {
  layout: "stacked",
  avatar: "round",
  actions: [IconHeart, IconMessageCircle],
  time: (now) => now,
  handle: ({ handle }) => at(handle),
};

const LOOKS: Record<string, Look> = {
  mastodon: {
    layout: "stacked",
    avatar: "square",
    actions: [IconMessageCircle, IconRepeat, IconStar, IconBookmark, IconDots],
    time: (now) => (
      <>
        <IconWorld size={14} aria-hidden /> {now}
      </>
    ),
    handle: ({ handle }) => at(handle),
  },
  bluesky: {
    layout: "beside",
    avatar: "round",
    actions: [IconMessageCircle, IconRepeat, IconHeart, IconShare2, IconDots],
    time: (now) => `· ${now}`,
    handle: ({ handle }) => at(handle),
  },
  nostr: {
    layout: "beside",
    avatar: "round",
    actions: [IconMessageCircle, IconRepeat, IconHeart, IconBolt, IconShare2],
    stackedMedia: true,
    time: (now) => `· ${now}`,
    handle: ({ handle }) => shortKey(handle),
  },
  playground: PLAYGROUND,
  playground_pages: PLAYGROUND,
  rss: {
    layout: "stacked",
    avatar: "square",
    actions: [],
    stackedMedia: true,
    titled: true,
    time: (now) => now,
    handle: ({ handle }) => handle,
  },
};

const PLAIN: Look = {
  layout: "beside",
  avatar: "round",
  actions: [IconMessageCircle, IconRepeat, IconHeart],
  time: (now) => `· ${now}`,
  handle: ({ handle }) => handle,
};

/** The post as the network would show it, part by part. */
export function ChannelPreview(props: PreviewProps) {
  const { channel, parts } = props;
  if (channel.network === "webhook") return <WebhookPreview {...props} />;
  const look = LOOKS[channel.network] ?? PLAIN;
  return (
    <div className={classes.frame} data-network={channel.network}>
      {parts.map((part, index) => (
        <PartPreview
          key={part.key}
          {...props}
          part={part}
          index={index}
          look={look}
          last={index === parts.length - 1}
        />
      ))}
    </div>
  );
}

function PartPreview({
  channel,
  settings,
  files,
  check,
  part,
  index,
  look,
  last,
}: PreviewProps & { part: Part; index: number; look: Look; last: boolean }) {
  const { t } = useTranslation();
  const counted = check?.parts[index];
  const text = counted?.text_preview ?? part.text;
  const warning = typeof settings.spoiler_text === "string" ? settings.spoiler_text.trim() : "";
  const label = typeof settings.label === "string" && settings.label !== "none" ? settings.label : "";
  const said = (name: "title" | "link") =>
    look.titled && typeof settings[name] === "string" ? settings[name].trim() : "";
  const hidden = settings.sensitive === true || label !== "";
  const blank = !text.trim() && part.media.length === 0;
  const body = (
    <>
      {warning && (
        <div className={classes.warning}>
          <span>{warning}</span>
          <span className={classes.more}>{t("composer.preview.more")}</span>
        </div>
      )}
      {said("title") && <div className={classes.title}>{said("title")}</div>}
      {text.trim() !== "" && <RichText text={text} links={counted?.links ?? []} />}
      {blank && <span className={classes.blank}>{t("composer.preview.blank")}</span>}
      {part.media.length > 0 && (
        <MediaGrid items={part.media} files={files} hidden={hidden} stacked={look.stackedMedia ?? false} />
      )}
      {said("link") && <div className={classes.handle}>{said("link")}</div>}
      {look.actions.length > 0 && (
        <div className={classes.actions} aria-hidden>
          {look.actions.map((Action, place) => (
            <Action key={place} size={17} stroke={1.6} aria-hidden />
          ))}
        </div>
      )}
    </>
  );
  const avatar = (
    <Avatar
      src={channel.avatar_url ?? undefined}
      size={look.layout === "beside" ? 38 : 40}
      radius={look.avatar === "round" ? "xl" : "md"}
      alt=""
    >
      {channel.initials}
    </Avatar>
  );
  const names = (
    <div className={classes.names}>
      <span className={classes.name}>{channel.name}</span>
      <span className={classes.handle}>{look.handle(channel)}</span>
    </div>
  );
  const time = <span className={classes.time}>{look.time(t("composer.preview.now"))}</span>;
  return (
    <article className={classes.post} data-layout={look.layout} data-last={last || undefined}>
      {look.layout === "stacked" ? (
        <>
          <header className={classes.head}>
            {avatar}
            {names}
            {time}
          </header>
          <div className={classes.body}>{body}</div>
        </>
      ) : (
        <>
          <div className={classes.side}>{avatar}</div>
          <div className={classes.body}>
            <header className={classes.line}>
              {names}
              {time}
            </header>
            {body}
          </div>
        </>
      )}
    </article>
  );
}
