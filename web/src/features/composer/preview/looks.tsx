import {
  IconArrowBigDown,
  IconArrowBigUp,
  IconArrowForwardUp,
  IconBolt,
  IconBookmark,
  IconChartBar,
  IconDots,
  IconHeart,
  IconMessageCircle,
  IconPlus,
  IconRepeat,
  IconSend,
  IconShare2,
  IconShare3,
  IconStar,
  IconThumbDown,
  IconThumbUp,
  IconUpload,
  IconWorld,
} from "@tabler/icons-react";
import type { ComponentType, ReactNode } from "react";
import type { Channel } from "@/api/types";

type Glyph = ComponentType<{ size?: number; stroke?: number; "aria-hidden"?: boolean }>;

/** How a network arranges a post. */
export type Shape =
  /** The account above the words. */
  | "stacked"
  /** The account's picture beside the words, parts joined by a line. */
  | "beside"
  /** Lines of a conversation. */
  | "chat"
  /** A chat that scrolls by, without pictures of accounts. */
  | "stream"
  /** A page: cover, title, byline, text. */
  | "article"
  /** The picture first, the words below as its caption. */
  | "picture"
  /** A film as wide as the page, with a title. */
  | "video"
  /** A film or picture of a phone's height, with the words upon it. */
  | "reel"
  /** A title in a community, with votes. */
  | "board"
  /** A picture that links somewhere. */
  | "pin"
  | "mail";

export interface Look {
  shape: Shape;
  avatar: "round" | "square";
  actions: Glyph[];
  /** Files are shown as links are: below the words, full width each. */
  stackedMedia?: boolean;
  time: (now: string) => ReactNode;
  handle: (channel: Channel) => string;
}

const at = (handle: string) => (handle.startsWith("@") ? handle : `@${handle}`);

function shortKey(handle: string): string {
  return /^npub1/.test(handle) && handle.length > 20 ? `${handle.slice(0, 10)}…${handle.slice(-6)}` : handle;
}

const plain = ({ handle }: Channel) => handle;
const none = () => "";

const look = (shape: Shape, actions: Glyph[], rest: Partial<Look> = {}): Look => ({
  shape,
  avatar: "round",
  actions,
  time: (now) => (shape === "beside" ? `· ${now}` : now),
  handle: plain,
  ...rest,
});

const withGlobe = (now: string) => (
  <>
    <IconWorld size={14} aria-hidden /> {now}
  </>
);

const PLAYGROUND = look("stacked", [IconHeart, IconMessageCircle], { handle: ({ handle }) => at(handle) });
const FEDIVERSE = look("stacked", [IconMessageCircle, IconRepeat, IconStar, IconBookmark, IconDots], {
  avatar: "square",
  time: withGlobe,
  handle: ({ handle }) => at(handle),
});
const LINKEDIN = look("stacked", [IconThumbUp, IconMessageCircle, IconRepeat, IconSend], {
  time: withGlobe,
  handle: none,
});
const INSTAGRAM = look("picture", [IconHeart, IconMessageCircle, IconSend, IconBookmark]);
const CHAT = look("chat", [], { handle: none });
const SQUARE_CHAT = look("chat", [], { avatar: "square", handle: none });
const STREAM = look("stream", []);
const ARTICLE = look("article", [], { handle: none });
const TIKTOK = look("reel", [IconHeart, IconMessageCircle, IconBookmark, IconShare3], {
  handle: ({ handle }) => at(handle),
});
const BOARD = look("board", [IconArrowBigUp, IconArrowBigDown, IconMessageCircle, IconShare2]);

const LOOKS: Record<string, Look> = {
  bluesky: look("beside", [IconMessageCircle, IconRepeat, IconHeart, IconShare2, IconDots], {
    handle: ({ handle }) => at(handle),
  }),
  devto: ARTICLE,
  discord: CHAT,
  dribbble: look("picture", [IconHeart, IconMessageCircle, IconBookmark]),
  facebook: look("stacked", [IconThumbUp, IconMessageCircle, IconShare3], { time: withGlobe, handle: none }),
  friendica: FEDIVERSE,
  ghost: ARTICLE,
  gmb: look("stacked", [IconShare2], { handle: none }),
  "google-chat": CHAT,
  hashnode: ARTICLE,
  instagram: INSTAGRAM,
  "instagram-standalone": INSTAGRAM,
  kick: STREAM,
  lemmy: BOARD,
  linkedin: LINKEDIN,
  "linkedin-page": LINKEDIN,
  listmonk: look("mail", []),
  mastodon: FEDIVERSE,
  matrix: CHAT,
  mattermost: CHAT,
  medium: ARTICLE,
  mewe: look("stacked", [IconThumbUp, IconMessageCircle, IconShare3], { handle: none }),
  misskey: look("beside", [IconArrowForwardUp, IconRepeat, IconPlus, IconDots], {
    handle: ({ handle }) => at(handle),
  }),
  "ms-teams": CHAT,
  nostr: look("beside", [IconMessageCircle, IconRepeat, IconHeart, IconBolt, IconShare2], {
    stackedMedia: true,
    handle: ({ handle }) => shortKey(handle),
  }),
  peertube: look("video", [IconThumbUp, IconThumbDown, IconShare2]),
  pinterest: look("pin", [IconHeart, IconMessageCircle, IconUpload]),
  pixelfed: look("picture", [IconHeart, IconMessageCircle, IconRepeat, IconBookmark], {
    handle: ({ handle }) => at(handle),
  }),
  playground: PLAYGROUND,
  playground_pages: PLAYGROUND,
  reddit: BOARD,
  rss: look("stacked", [], { avatar: "square", stackedMedia: true }),
  slack: SQUARE_CHAT,
  telegram: CHAT,
  threads: look("beside", [IconHeart, IconMessageCircle, IconRepeat, IconSend]),
  tiktok: TIKTOK,
  "tiktok-business": TIKTOK,
  tumblr: look("stacked", [IconMessageCircle, IconRepeat, IconHeart], { avatar: "square" }),
  twitch: STREAM,
  vk: look("stacked", [IconHeart, IconMessageCircle, IconShare3], { handle: none }),
  whop: BOARD,
  wordpress: ARTICLE,
  wrapcast: look("beside", [IconMessageCircle, IconRepeat, IconHeart, IconShare2], {
    handle: ({ handle }) => at(handle),
  }),
  x: look("beside", [IconMessageCircle, IconRepeat, IconHeart, IconChartBar, IconBookmark, IconUpload], {
    handle: ({ handle }) => at(handle),
  }),
  youtube: look("video", [IconThumbUp, IconThumbDown, IconShare3]),
};

const PLAIN = look("beside", [IconMessageCircle, IconRepeat, IconHeart]);

export const lookOf = (network: string): Look => LOOKS[network] ?? PLAIN;
