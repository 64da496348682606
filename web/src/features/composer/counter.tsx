import "@/i18n/composing";
import { useTranslation } from "react-i18next";
import classes from "./counter.module.css";
import type { Counter as Count } from "./findings";

interface Props {
  count: Count | null;
  /** Whose count it is, where several channels get the text. */
  channel: string | null;
  stale: boolean;
}

const RING = 2 * Math.PI * 7;

/** How long the text is, as the network with the least room counts it. */
export function Counter({ count, channel, stale }: Props) {
  const { t } = useTranslation();
  if (!count) return null;
  const share = Math.min(1, count.max > 0 ? count.used / count.max : 1);
  const words = t("composer.counter.words", {
    used: count.used,
    max: count.max,
    unit: t(`common.unit.${count.unit}`),
  });
  return (
    <span className={classes.root} data-state={count.state} data-stale={stale || undefined}>
      <svg width="18" height="18" viewBox="0 0 18 18" aria-hidden="true">
        <circle cx="9" cy="9" r="7" className={classes.track} />
        <circle
          cx="9"
          cy="9"
          r="7"
          className={classes.ring}
          strokeDasharray={`${share * RING} ${RING}`}
          transform="rotate(-90 9 9)"
        />
      </svg>
      <span aria-hidden title={words}>
        {count.state === "over"
          ? t("composer.counter.over", { count: -count.left })
          : `${count.used} / ${count.max}`}
        {channel && <span className={classes.channel}> · {channel}</span>}
      </span>
      <span className="visually-hidden">
        {words}
        {channel ? `, ${channel}` : ""}
      </span>
    </span>
  );
}
