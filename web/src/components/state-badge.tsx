import {
  IconAlertCircle,
  IconBan,
  IconCircleCheck,
  IconClock,
  IconHelpCircle,
  IconLoader2,
  IconPencil,
  IconPlayerPause,
  IconPlugConnectedX,
  IconSend,
} from "@tabler/icons-react";
import type { ComponentType } from "react";
import { useTranslation } from "react-i18next";
import type { ChannelState, PublicationState } from "@/api/types";
import { t as words } from "@/i18n";
import classes from "./state-badge.module.css";

type Icon = ComponentType<{ size?: number | string; "aria-hidden"?: boolean; className?: string }>;

const POST_ICONS: Record<PublicationState, Icon> = {
  draft: IconPencil,
  scheduled: IconClock,
  preparing: IconLoader2,
  sending: IconSend,
  published: IconCircleCheck,
  held: IconPlayerPause,
  unconfirmed: IconHelpCircle,
  failed: IconAlertCircle,
  cancelled: IconBan,
};

const CHANNEL_ICONS: Record<ChannelState, Icon> = {
  active: IconCircleCheck,
  disabled: IconPlayerPause,
  needs_reconnect: IconPlugConnectedX,
};

/** The state's icon alone, with its word for those who do not see it. */
export function StateIcon({ state, size = 14 }: { state: PublicationState; size?: number }) {
  const Icon = POST_ICONS[state];
  return (
    <span className={classes.icon} data-state={state} title={words(`common.state.${state}`)}>
      <Icon size={size} aria-hidden />
      <span className="visually-hidden">{words(`common.state.${state}`)}</span>
    </span>
  );
}

export function StateBadge({ state }: { state: PublicationState }) {
  const { t } = useTranslation();
  const Icon = POST_ICONS[state];
  return (
    <span className={classes.badge} data-state={state}>
      <Icon size={14} aria-hidden />
      {t(`common.state.${state}`)}
    </span>
  );
}

export function ChannelStateBadge({ state }: { state: ChannelState }) {
  const { t } = useTranslation();
  const Icon = CHANNEL_ICONS[state];
  return (
    <span className={classes.badge} data-state={state}>
      <Icon size={14} aria-hidden />
      {t(`common.channelState.${state}`)}
    </span>
  );
}

export function ChannelStateIcon({ state, size = 16 }: { state: ChannelState; size?: number }) {
  const { t } = useTranslation();
  const Icon = CHANNEL_ICONS[state];
  return (
    <span className={classes.icon} data-state={state} title={t(`common.channelState.${state}`)}>
      <Icon size={size} aria-hidden />
      <span className="visually-hidden">{t(`common.channelState.${state}`)}</span>
    </span>
  );
}
