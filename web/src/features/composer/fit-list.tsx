import "@/i18n/composing";
import { IconAlertCircle, IconCheck, IconTransform } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Fit } from "@/api/types";
import { bytes } from "@/app/format";
import { i18n } from "@/i18n";
import type { ChannelFit } from "./findings";
import classes from "./fit-list.module.css";

/** What becomes of a file on each channel: it goes as it is, another is made of it, or it can't go. */
export function FitList({ fits }: { fits: ChannelFit[] }) {
  const { t } = useTranslation();
  return (
    <ul className={classes.list} aria-label={t("composer.media.fits")}>
      {fits.map(({ channel, name, fit }) => {
        const Sign = fit.kind === "made" ? IconTransform : fit.kind === "not" ? IconAlertCircle : IconCheck;
        return (
          <li key={channel} className={classes.row} data-fit={fit.kind}>
            <Sign size={16} aria-hidden />
            <span>
              <strong>{name}</strong>: {fitWords(fit)}
            </span>
          </li>
        );
      })}
    </ul>
  );
}

/** "will be converted (JPEG, 1600 × 900, at most 5 MB)". */
export function fitWords(fit: Fit): string {
  if (fit.kind === "as_it_is") return i18n.t("composer.media.fitsAsItIs");
  if (fit.kind === "not") return i18n.t("composer.media.fitsNot");
  const types = fit.mime.slice(0, 2).map((mime) => mime.split("/")[1]?.toUpperCase() ?? mime);
  const facts = [
    types.join(` ${i18n.t("composer.media.or")} `),
    fit.width && fit.height ? `${fit.width} × ${fit.height}` : null,
    fit.frame_rate ? i18n.t("composer.media.frames", { rate: fit.frame_rate }) : null,
    i18n.t("composer.media.atMost", { size: bytes(fit.max_bytes) }),
  ];
  return i18n.t("composer.media.fitsMade", { facts: facts.filter(Boolean).join(", ") });
}
