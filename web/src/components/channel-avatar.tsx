import { Avatar } from "@mantine/core";
import type { Channel, Network } from "@/api/types";
import classes from "./channel-avatar.module.css";
import { NetworkMark } from "./network-mark";

interface Props {
  channel: Pick<Channel, "avatar_url" | "initials" | "network">;
  network: Network | undefined;
  size?: number;
}

/** The account's picture with the network's mark on its corner. Decoration: the name stands beside it. */
export function ChannelAvatar({ channel, network, size = 36 }: Props) {
  return (
    <span className={classes.root} style={{ width: size, height: size }} aria-hidden>
      <Avatar
        src={channel.avatar_url ?? undefined}
        size={size}
        radius="xl"
        alt=""
        imageProps={{ loading: "lazy" }}
      >
        {channel.initials}
      </Avatar>
      <span className={classes.mark}>
        <NetworkMark
          id={channel.network}
          name={network?.name ?? channel.network}
          color={network?.color}
          size={Math.max(12, Math.round(size * 0.42))}
        />
      </span>
    </span>
  );
}
