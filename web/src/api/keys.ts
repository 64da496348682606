/** Query keys. Everything of a workspace lies under its id. */
export const keys = {
  server: ["server"] as const,
  me: ["me"] as const,
  apps: (ws: string | null) => ["apps", ws] as const,
  attemptLog: (ws: string | null, filter: object) => ["attempt-log", ws, filter] as const,
  sessions: ["sessions"] as const,
  workspace: (ws: string) => ["ws", ws] as const,
  apiKeys: (ws: string) => ["ws", ws, "keys"] as const,
  networks: (ws: string) => ["ws", ws, "networks"] as const,
  preflight: (ws: string, network: string, way: string, instance: string) =>
    ["ws", ws, "preflight", network, way, instance] as const,
  channels: (ws: string) => ["ws", ws, "channels"] as const,
  lookup: (ws: string, channel: string, name: string, query: string) =>
    ["ws", ws, "lookup", channel, name, query] as const,
  attempts: (ws: string) => ["ws", ws, "attempts"] as const,
  attempt: (ws: string, id: string) => ["ws", ws, "attempts", "one", id] as const,
  channelAttempts: (ws: string, channel: string) => ["ws", ws, "attempts", "channel", channel] as const,
  openAttempts: (ws: string) => ["ws", ws, "attempts", "open"] as const,
  invites: (ws: string) => ["ws", ws, "invites"] as const,
  invitation: ["invitation"] as const,
  notices: (ws: string) => ["ws", ws, "notices"] as const,
  noticeList: (ws: string) => ["ws", ws, "notices", "list"] as const,
  unread: (ws: string) => ["ws", ws, "notices", "unread"] as const,
  noticeChoices: ["noticeChoices"] as const,
  webhook: (ws: string) => ["ws", ws, "webhook"] as const,
  deliveries: (ws: string) => ["ws", ws, "webhook", "deliveries"] as const,
  posts: (ws: string) => ["ws", ws, "posts"] as const,
  range: (ws: string, from: string, to: string) => ["ws", ws, "posts", "range", from, to] as const,
  drafts: (ws: string) => ["ws", ws, "posts", "drafts"] as const,
  anyPost: (ws: string) => ["ws", ws, "posts", "any"] as const,
  post: (ws: string, id: string) => ["ws", ws, "post", id] as const,
  channelNumbers: (ws: string, channel: string, days: number) =>
    ["ws", ws, "numbers", "channel", channel, days] as const,
  publicationNumbers: (ws: string, publication: string) =>
    ["ws", ws, "numbers", "publication", publication] as const,
  slots: (ws: string) => ["ws", ws, "slots"] as const,
  slotsOf: (ws: string, channel: string | null) => ["ws", ws, "slots", "of", channel] as const,
  freeSlots: (ws: string, channels: string[], count: number, except: string | null) =>
    ["ws", ws, "slots", "free", channels, count, except] as const,
  channelQueue: (ws: string, channel: string, limit: number) =>
    ["ws", ws, "slots", "queue", channel, limit] as const,
  evergreens: (ws: string) => ["ws", ws, "evergreen"] as const,
  evergreen: (ws: string, id: string) => ["ws", ws, "evergreen", id] as const,
  check: (ws: string, input: string) => ["ws", ws, "check", input] as const,
  media: (ws: string) => ["ws", ws, "media"] as const,
  mediaList: (ws: string) => ["ws", ws, "media", "list"] as const,
  mediaOne: (ws: string, id: string) => ["ws", ws, "media", "one", id] as const,
};
