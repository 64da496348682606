import "@/i18n/afterwards";
import { Skeleton, Stack, Text } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { MetricSeries, Numbers } from "@/api/types";
import { useFormat } from "@/app/format";
import { ProblemView } from "@/components/problem-view";
import classes from "./panel.module.css";
import { path, told } from "./series";

const WHOLE = new Intl.NumberFormat("en-GB");
const SHORT = new Intl.NumberFormat("en-GB", { notation: "compact", maximumFractionDigits: 1 });
const CHANGE = new Intl.NumberFormat("en-GB", { signDisplay: "exceptZero" });

interface Props {
  numbers: UseQueryResult<Numbers>;
  networkName: string;
  /** Said where the network tells no such numbers. */
  none: "numbers.noneOfPosts" | "numbers.noneOfChannels";
}

/** The numbers of a channel or a post: a card for each metric, and when the network was last asked. */
export function NumbersPanel({ numbers, networkName, none }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const network = { network: networkName };
  if (numbers.error) {
    return (
      <ProblemView error={numbers.error} onRetry={() => numbers.refetch()} retrying={numbers.isFetching} />
    );
  }
  if (!numbers.data) return <Skeleton h={72} aria-hidden />;
  const { told: tells, looked_at, said, series } = numbers.data;
  const cards = series.filter((one) => one.points.length > 0);
  if (!tells && cards.length === 0) return <Quiet>{t(none, network)}</Quiet>;
  return (
    <Stack gap="xs">
      {cards.length > 0 && (
        <ul className={classes.cards}>
          {cards.map((one) => (
            <Card key={one.metric} series={one} />
          ))}
        </ul>
      )}
      {said && <Text size="sm">{t("numbers.refused", { ...network, said })}</Text>}
      {cards.length === 0 && looked_at && !said && <Quiet>{t("numbers.nothing", network)}</Quiet>}
      <Quiet>
        {looked_at
          ? t("numbers.looked", { ...network, when: format.relative(looked_at) })
          : t("numbers.notYet", network)}
      </Quiet>
    </Stack>
  );
}

function Quiet({ children }: { children: string }) {
  return (
    <Text size="sm" c="dimmed">
      {children}
    </Text>
  );
}

function Card({ series }: { series: MetricSeries }) {
  const { t } = useTranslation();
  const format = useFormat();
  const card = told(series);
  if (!card) return null;
  const number = (value: number) =>
    series.unit === "seconds" ? `${WHOLE.format(Math.round(value / 60))} min` : WHOLE.format(value);
  const short =
    series.unit === "count" && card.value >= 100_000 ? SHORT.format(card.value) : number(card.value);
  const day = (iso: string) => format.weekday(`${iso}T12:00:00Z`);
  const line = path(series.points);
  return (
    <li className={classes.card}>
      <Text size="xs" c="dimmed">
        {t(`numbers.metric.${series.metric}`)}
      </Text>
      <div className={classes.value} title={number(card.value)}>
        {short}
      </div>
      {line && (
        <svg
          className={classes.line}
          viewBox="0 0 100 28"
          preserveAspectRatio="none"
          role="img"
          aria-label={t("numbers.line", {
            first: number(card.first.value),
            from: day(card.first.day),
            last: number(card.last.value),
            to: day(card.last.day),
          })}
        >
          <polyline
            points={line}
            fill="none"
            stroke="currentColor"
            strokeWidth="1.5"
            vectorEffect="non-scaling-stroke"
          />
        </svg>
      )}
      {card.change !== null && (
        <Text size="xs" c="dimmed">
          {t("numbers.change", { change: CHANGE.format(card.change), day: day(card.first.day) })}
        </Text>
      )}
      {series.per === "day" && (
        <Text size="xs" c="dimmed">
          {t("numbers.sum", { count: series.points.length })}
        </Text>
      )}
    </li>
  );
}
