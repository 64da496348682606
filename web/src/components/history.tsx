import { Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useFormat } from "@/app/format";
import classes from "./history.module.css";

export interface HistoryItem {
  at: string;
  title: string;
  detail?: string | null;
  mark?: ReactNode;
}

/** What happened, in order, with times in the person's zone. */
export function History({ items }: { items: HistoryItem[] }) {
  const format = useFormat();
  return (
    <ol className={classes.list}>
      {items.map((item, index) => (
        <li key={`${item.at} ${index.toString()}`} className={classes.item}>
          <span className={classes.mark} aria-hidden>
            {item.mark}
          </span>
          <div className={classes.words}>
            <Text size="sm" fw={550}>
              {item.title}
            </Text>
            {item.detail && (
              <Text size="sm" c="dimmed" className={classes.detail}>
                {format.instantsIn(item.detail)}
              </Text>
            )}
            <Text size="xs" c="dimmed" component="time" dateTime={item.at} title={format.relative(item.at)}>
              {format.precise(item.at)}
            </Text>
          </div>
        </li>
      ))}
    </ol>
  );
}
