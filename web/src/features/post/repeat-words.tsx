import "@/i18n/composing";
import { useTranslation } from "react-i18next";
import { useFormat } from "@/app/format";
import { wallOf } from "@/app/zoned";
import { chosenOf, dayOf, presetOf } from "@/features/composer/repeat";
import { useDayNames } from "@/features/slots/day-names";

interface Props {
  rule: string;
  due?: string | null;
  zone: string;
}

/** How a post repeats, in words; what has none is shown as its rule. */
export function RepeatWords({ rule, due, zone }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const names = useDayNames("long");
  const chosen = chosenOf(rule);
  if (!chosen || !due) return <code>{rule}</code>;
  const { date } = wallOf(due, zone);
  const preset = presetOf(chosen, date);
  const { frequency, interval, days, month, end } = chosen;
  const unit = t(`composer.repeat.frequency.${frequency}`, { count: interval });
  const named = { day: names[dayOf(date)], date: Number(date.slice(8)) };
  const on =
    frequency === "WEEKLY" && days.length > 0
      ? days.map((day) => names[day]).join(", ")
      : frequency === "MONTHLY"
        ? t(`composer.repeat.month.${month}`, named)
        : "";
  const base =
    preset === "custom"
      ? [`${t("composer.repeat.every")} ${interval > 1 ? `${interval} ` : ""}${unit}`, on]
          .filter(Boolean)
          .join(": ")
      : t(`composer.repeat.preset.${preset}`, named);
  const ends =
    end.kind === "count"
      ? ` · ${t("post.timesLeft", { count: end.count })}`
      : end.kind === "until"
        ? ` · ${t("post.repeatsUntil", { when: format.date(`${end.date}T12:00:00Z`) })}`
        : "";
  return (
    <>
      {base}
      {ends}
    </>
  );
}
