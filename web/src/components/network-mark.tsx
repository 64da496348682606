import {
  IconBrandBluesky,
  IconBrandDiscord,
  IconBrandGoogle,
  IconBrandLinkedin,
  IconBrandMastodon,
  IconBrandMatrix,
  IconBrandSlack,
  IconBrandTeams,
  IconBrandTelegram,
  IconBrandThreads,
  IconBrandWordpress,
  IconBrandX,
  IconBroadcast,
  IconCamera,
  IconGhost2,
  IconMail,
  IconMessages,
  IconMouse,
  IconPlayerPlayFilled,
  IconStar,
  IconWebhook,
} from "@tabler/icons-react";
import type { ComponentType } from "react";
import classes from "./network-mark.module.css";

const GLYPHS: Record<
  string,
  ComponentType<{ size?: number | string; stroke?: number; "aria-hidden"?: boolean }>
> = {
  bluesky: IconBrandBluesky,
  discord: IconBrandDiscord,
  ghost: IconGhost2,
  "google-chat": IconBrandGoogle,
  lemmy: IconMouse,
  linkedin: IconBrandLinkedin,
  "linkedin-page": IconBrandLinkedin,
  listmonk: IconMail,
  mastodon: IconBrandMastodon,
  matrix: IconBrandMatrix,
  mattermost: IconMessages,
  misskey: IconStar,
  "ms-teams": IconBrandTeams,
  nostr: IconBroadcast,
  pixelfed: IconCamera,
  playground: IconPlayerPlayFilled,
  playground_pages: IconPlayerPlayFilled,
  slack: IconBrandSlack,
  telegram: IconBrandTelegram,
  threads: IconBrandThreads,
  webhook: IconWebhook,
  wordpress: IconBrandWordpress,
  x: IconBrandX,
};

/** White on `#rrggbb` where a sign can be told from it (3 : 1, relative luminance of WCAG 2), else black. */
export function inkOn(color: string): "#000" | "#fff" {
  const channel = (at: number) => {
    const value = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  const luminance = 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
  return 1.05 / (luminance + 0.05) >= 3 ? "#fff" : "#000";
}

interface Props {
  id: string;
  name: string;
  color?: string;
  size?: number;
}

/** A network's mark: its colour with its glyph, or its first letter. Decoration beside the name. */
export function NetworkMark({ id, name, color, size = 28 }: Props) {
  const Glyph = GLYPHS[id];
  const shade = /^#[0-9a-f]{6}$/i.test(color ?? "") ? (color as string) : "#55606a";
  return (
    <span
      className={classes.mark}
      aria-hidden
      style={{ width: size, height: size, background: shade, color: inkOn(shade), fontSize: size * 0.5 }}
    >
      {Glyph ? (
        <Glyph size={Math.round(size * 0.64)} stroke={1.8} aria-hidden />
      ) : (
        name.slice(0, 1).toUpperCase()
      )}
    </span>
  );
}
