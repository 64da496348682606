import "@/i18n/connecting";
import type { TFunction } from "i18next";
import type { Network, Way } from "@/api/types";

/** Whether one leaves for the network's own page by it, and comes back. */
export const leavesBy = (way: Way) => way.connect === "oauth2" || way.connect === "oauth1";

/** What the button says that begins a connect by it. */
export function beginLabel(t: TFunction, network: Network, way: Way): string {
  if (leavesBy(way)) return t("connect.goTo", { network: network.name });
  if (way.connect === "dialog") return t("connect.getCode");
  if (way.connect === "extension") return t("connect.goToExtension");
  return t("connect.connectForm");
}
