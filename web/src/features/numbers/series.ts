import type { MetricSeries } from "@/api/types";

/** What a card says of one metric. */
export interface Told {
  /** As it stands now, or what the days brought together. */
  value: number;
  /** How it has changed since the first day that is known; none from one day alone. */
  change: number | null;
  first: MetricSeries["points"][number];
  last: MetricSeries["points"][number];
}

/** None of a series without points. */
export function told(series: MetricSeries): Told | null {
  const first = series.points[0];
  const last = series.points.at(-1);
  if (!first || !last) return null;
  if (series.per === "day") {
    return { value: series.points.reduce((sum, { value }) => sum + value, 0), change: null, first, last };
  }
  const change = series.points.length > 1 ? last.value - first.value : null;
  return { value: last.value, change, first, last };
}

/** The points of a line in a box of 100 by 28, days at their distance, the lowest at the bottom. */
export function path(points: MetricSeries["points"]): string {
  if (points.length < 2) return "";
  const days = points.map(({ day }) => Date.parse(day));
  const values = points.map(({ value }) => value);
  const [left, low] = [Math.min(...days), Math.min(...values)];
  const wide = Math.max(...days) - left || 1;
  const high = Math.max(...values) - low;
  const at = (index: number) => {
    const x = (((days[index] ?? left) - left) / wide) * 100;
    const y = high === 0 ? 14 : 26 - (((values[index] ?? low) - low) / high) * 24;
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  };
  return points.map((_, index) => at(index)).join(" ");
}
