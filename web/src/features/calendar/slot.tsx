import { useDroppable } from "@dnd-kit/core";
import { IconPlus } from "@tabler/icons-react";
import { type ReactNode, useMemo } from "react";
import { slotTime } from "@/features/post/move";
import { t } from "@/i18n";
import { type Cell, cellId } from "./range";
import classes from "./slot.module.css";

interface Props {
  cell: Cell;
  col: number;
  row: number;
  now: number;
  zone: string;
  onWrite: (at: string) => void;
  /** "Tuesday 24 November, 09:00". */
  when: string;
  /** The hour does not exist that day. */
  absent?: boolean;
  twice?: boolean;
  className?: string;
  today?: boolean;
  outside?: boolean;
  children: ReactNode;
}

/** A place in time: posts stand in it and can be dropped on it, and its free room writes a post for then. */
export function Slot({
  cell,
  col,
  row,
  now,
  zone,
  onWrite,
  when,
  absent,
  twice,
  className,
  today,
  outside,
  children,
}: Props) {
  const id = cellId(cell);
  const { date, hour } = cell;
  const at = useMemo(
    () => (absent ? null : slotTime(zone, { date, ...(hour !== undefined && { hour }) }, now)),
    [absent, zone, date, hour, now],
  );
  const { setNodeRef, isOver, active } = useDroppable({
    id,
    data: { cell, col, row },
    disabled: absent ?? false,
  });
  const label = absent
    ? t("calendar.absent")
    : at
      ? t("calendar.writeAt", { when })
      : t("calendar.pastSlot", { when });
  return (
    <div
      ref={setNodeRef}
      className={`${classes.slot} ${className ?? ""}`}
      data-cell={id}
      data-col={col}
      data-row={row}
      data-past={at === null || undefined}
      data-today={today || undefined}
      data-outside={outside || undefined}
      data-absent={absent || undefined}
      data-target={(isOver && active !== null) || undefined}
    >
      <button
        type="button"
        className={classes.write}
        data-nav
        tabIndex={-1}
        aria-label={twice ? `${label}. ${t("calendar.twice")}` : label}
        aria-disabled={at === null}
        title={absent ? t("calendar.absent") : twice ? t("calendar.twice") : undefined}
        onClick={() => at && onWrite(at)}
      >
        {at && <IconPlus size={16} aria-hidden className={classes.plus} />}
      </button>
      {children}
    </div>
  );
}
