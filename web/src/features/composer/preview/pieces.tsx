import "@/i18n/composing";
import { Avatar } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Block, Channel } from "@/api/types";
import type { MediaItem } from "../model";
import type { Upload } from "../uploads";
import type { Look } from "./looks";
import { MediaGrid } from "./media-grid";
import classes from "./preview.module.css";
import { RichText } from "./rich-text";

/** One part, with what of it is shown. */
export interface Shown {
  channel: Channel;
  settings: Record<string, unknown>;
  files: ReadonlyMap<string, Upload>;
  look: Look;
  media: MediaItem[];
  /** Its words as readers see them. */
  blocks: readonly Block[];
  links: string[];
}

/** A setting that is a text with something in it. */
export function said(settings: Record<string, unknown>, ...names: string[]): string {
  for (const name of names) {
    const value = settings[name];
    if (typeof value === "string" && value.trim()) return value.trim();
  }
  return "";
}

export function Face({ channel, look, size }: { channel: Channel; look: Look; size: number }) {
  return (
    <Avatar
      src={channel.avatar_url ?? undefined}
      size={size}
      radius={look.avatar === "round" ? "xl" : "md"}
      alt=""
    >
      {channel.initials}
    </Avatar>
  );
}

export function Words({ blocks, links, media }: Pick<Shown, "blocks" | "links" | "media">) {
  const { t } = useTranslation();
  if (blocks.length > 0) return <RichText blocks={blocks} links={links} />;
  return media.length > 0 ? null : <span className={classes.blank}>{t("composer.preview.blank")}</span>;
}

export function Files({ settings, files, look, media }: Shown) {
  if (media.length === 0) return null;
  const label = typeof settings.label === "string" && settings.label !== "none" ? settings.label : "";
  const covered = [settings.sensitive, settings.spoiler, settings.has_spoiler, settings.is_spoiler_media];
  const hidden = covered.includes(true) || label !== "";
  return <MediaGrid items={media} files={files} hidden={hidden} stacked={look.stackedMedia ?? false} />;
}

export function Actions({ look }: { look: Look }) {
  if (look.actions.length === 0) return null;
  return (
    <div className={classes.actions} data-few={look.actions.length < 4 || undefined} aria-hidden>
      {look.actions.map((Action, place) => (
        <Action key={place} size={17} stroke={1.6} aria-hidden />
      ))}
    </div>
  );
}
