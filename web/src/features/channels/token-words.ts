import { useTranslation } from "react-i18next";
import type { Channel } from "@/api/types";
import { useFormat } from "@/app/format";

/** How long the network still lets us post, in words. A sign-in that renews itself has no end that people need to know. */
export function useTokenWords(channel: Channel): string {
  const { t } = useTranslation();
  const format = useFormat();
  if (!channel.token_expires_at) return t("channels.tokenForever");
  if (channel.renews) return t("channels.tokenRenews");
  const when = format.relative(channel.token_expires_at);
  const past = Date.parse(channel.token_expires_at) < Date.now();
  return t(past ? "channels.tokenExpired" : "channels.tokenExpires", { when });
}
