import type { Channel, Network } from "@/api/types";
import type { Following } from "@/features/composer/model";

type Act = Following["act"];

/** Whether a channel can do it to posts that are out on another, or on itself. */
export function isAble(
  act: Act,
  by: { channel: Channel; network: Network },
  of: { channel: Channel; network: Network },
): boolean {
  if (by.network.family !== of.network.family) return false;
  switch (act === "repost" ? by.network.abilities.reposts : by.network.abilities.comments) {
    case "anyones":
      return true;
    case "same_server":
      return by.channel.instance === of.channel.instance;
    case "own":
      return by.channel.id === of.channel.id;
    default:
      return false;
  }
}
