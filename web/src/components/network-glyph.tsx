import {
  IconArticle,
  IconBrandBluesky,
  IconBrandDiscord,
  IconBrandGoogle,
  IconBrandKick,
  IconBrandLinkedin,
  IconBrandMastodon,
  IconBrandMatrix,
  IconBrandMedium,
  IconBrandPinterest,
  IconBrandReddit,
  IconBrandSlack,
  IconBrandTeams,
  IconBrandTelegram,
  IconBrandThreads,
  IconBrandTumblr,
  IconBrandTwitch,
  IconBrandWordpress,
  IconBrandX,
  IconBroadcast,
  IconCamera,
  IconGhost2,
  IconHash,
  IconMail,
  IconMessages,
  IconMouse,
  IconPlayerPlayFilled,
  IconStar,
  IconWebhook,
} from "@tabler/icons-react";
import type { ComponentType } from "react";
import { initial } from "./network-mark";

const GLYPHS: Record<
  string,
  ComponentType<{ size?: number | string; stroke?: number; "aria-hidden"?: boolean }>
> = {
  bluesky: IconBrandBluesky,
  devto: IconArticle,
  discord: IconBrandDiscord,
  ghost: IconGhost2,
  "google-chat": IconBrandGoogle,
  hashnode: IconHash,
  kick: IconBrandKick,
  lemmy: IconMouse,
  "linkedin-page": IconBrandLinkedin,
  linkedin: IconBrandLinkedin,
  listmonk: IconMail,
  mastodon: IconBrandMastodon,
  matrix: IconBrandMatrix,
  mattermost: IconMessages,
  medium: IconBrandMedium,
  misskey: IconStar,
  "ms-teams": IconBrandTeams,
  nostr: IconBroadcast,
  pinterest: IconBrandPinterest,
  pixelfed: IconCamera,
  playground: IconPlayerPlayFilled,
  playground_pages: IconPlayerPlayFilled,
  reddit: IconBrandReddit,
  slack: IconBrandSlack,
  telegram: IconBrandTelegram,
  threads: IconBrandThreads,
  tumblr: IconBrandTumblr,
  twitch: IconBrandTwitch,
  webhook: IconWebhook,
  wordpress: IconBrandWordpress,
  x: IconBrandX,
};

/** A network's glyph, or its first letter. */
export default function NetworkGlyph({ id, name, size }: { id: string; name: string; size: number }) {
  const Glyph = GLYPHS[id];
  return Glyph ? <Glyph size={size} stroke={1.8} aria-hidden /> : initial(name);
}
