import {
  IconAffiliate,
  IconBrandBluesky,
  IconBrandDiscord,
  IconBrandFacebook,
  IconBrandGoogle,
  IconBrandInstagram,
  IconBrandLinkedin,
  IconBrandMastodon,
  IconBrandMatrix,
  IconBrandSlack,
  IconBrandTeams,
  IconBrandTelegram,
  IconBrandThreads,
  IconBrandWordpress,
  IconBrandX,
  IconBrandYoutube,
  IconBroadcast,
  IconBuildingStore,
  IconCamera,
  IconGhost2,
  IconMail,
  IconMessages,
  IconMouse,
  IconPlayerPlayFilled,
  IconStar,
  IconVideo,
  IconWebhook,
} from "@tabler/icons-react";
import type { ComponentType } from "react";
import { initial } from "./network-mark";

const GLYPHS: Record<
  string,
  ComponentType<{ size?: number | string; stroke?: number; "aria-hidden"?: boolean }>
> = {
  bluesky: IconBrandBluesky,
  discord: IconBrandDiscord,
  facebook: IconBrandFacebook,
  friendica: IconAffiliate,
  ghost: IconGhost2,
  gmb: IconBuildingStore,
  "google-chat": IconBrandGoogle,
  instagram: IconBrandInstagram,
  "instagram-standalone": IconBrandInstagram,
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
  peertube: IconVideo,
  pixelfed: IconCamera,
  playground: IconPlayerPlayFilled,
  playground_pages: IconPlayerPlayFilled,
  slack: IconBrandSlack,
  telegram: IconBrandTelegram,
  threads: IconBrandThreads,
  webhook: IconWebhook,
  wordpress: IconBrandWordpress,
  x: IconBrandX,
  youtube: IconBrandYoutube,
};

/** A network's glyph, or its first letter. */
export default function NetworkGlyph({ id, name, size }: { id: string; name: string; size: number }) {
  const Glyph = GLYPHS[id];
  return Glyph ? <Glyph size={size} stroke={1.8} aria-hidden /> : initial(name);
}
