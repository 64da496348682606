import { useVirtualizer } from "@tanstack/react-virtual";
import { type RefObject, useEffect, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { PostSummary } from "@/api/types";
import type { CardContext } from "./card";
import { sayDay } from "./day-head";
import { byDay, type Placed } from "./layout";
import { PostRow } from "./list-row";
import classes from "./list-view.module.css";

interface Props {
  placed: readonly Placed[];
  /** Drafts without a time come first. */
  drafts: readonly PostSummary[];
  context: CardContext;
  today: string;
  area: RefObject<HTMLElement | null>;
}

type Line =
  | { kind: "head"; key: string; title: string; count: number; today: boolean }
  | { kind: "post"; key: string; post: PostSummary; due: string | null };

/** The posts one below the other, by day. Only the lines in sight are in the page. */
export function ListView({ placed, drafts, context, today, area }: Props) {
  const { t } = useTranslation();
  const lines = useMemo((): Line[] => {
    const all: Line[] = [];
    if (drafts.length > 0) {
      all.push({
        kind: "head",
        key: "drafts",
        title: t("calendar.drafts"),
        count: drafts.length,
        today: false,
      });
      for (const post of drafts) all.push({ kind: "post", key: post.id, post, due: null });
    }
    for (const [date, items] of byDay(placed)) {
      const day = sayDay(date);
      const title = date === today ? t("calendar.weekdayToday", { day }) : day;
      all.push({ kind: "head", key: date, title, count: items.length, today: date === today });
      for (const { post, due } of items) all.push({ kind: "post", key: post.id, post, due });
    }
    return all;
  }, [placed, drafts, today, t]);

  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => area.current,
    estimateSize: (index) => (lines[index]?.kind === "head" ? 40 : 58),
    getItemKey: (index) => lines[index]?.key ?? index,
    overscan: 12,
  });

  // The list begins where the work is: at today, with what is over above it.
  const begun = useRef(false);
  useEffect(() => {
    if (begun.current || lines.length === 0) return;
    begun.current = true;
    const index = lines.findIndex(
      (line) => line.kind === "head" && line.key !== "drafts" && line.key >= today,
    );
    const past = lines.some((line) => line.kind === "head" && line.key < today);
    if (index > 0 && past) virtual.scrollToIndex(index, { align: "start" });
  }, [lines, today, virtual]);

  return (
    <div className={classes.list} style={{ height: virtual.getTotalSize() }}>
      {virtual.getVirtualItems().map(({ index, key, start }) => {
        const line = lines[index];
        if (!line) return null;
        return (
          <div
            key={key}
            ref={virtual.measureElement}
            data-index={index}
            className={classes.line}
            style={{ transform: `translateY(${start}px)` }}
          >
            {line.kind === "head" ? (
              <h2 className={classes.day} data-today={line.today || undefined}>
                {line.title}
                <span className={classes.count}>{t("calendar.posts", { count: line.count })}</span>
              </h2>
            ) : (
              <PostRow post={line.post} due={line.due} context={context} />
            )}
          </div>
        );
      })}
    </div>
  );
}
