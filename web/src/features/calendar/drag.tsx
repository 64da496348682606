import {
  type Active,
  type Announcements,
  type CollisionDetection,
  DndContext,
  DragOverlay,
  type KeyboardCoordinateGetter,
  KeyboardSensor,
  MouseSensor,
  pointerWithin,
  TouchSensor,
  useSensor,
  useSensors,
} from "@dnd-kit/core";
import { type KeyboardEvent, type ReactNode, type RefObject, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "@/app/session";
import { toast } from "@/components/toast";
import { dropTime, unmovable } from "@/features/post/move";
import { useMoveAndSay } from "@/features/post/say-moved";
import { type CardContext, CardFace } from "./card";
import classes from "./card.module.css";
import type { Placed } from "./layout";
import { type Cell, cellId } from "./range";

/** Picks a card up with M, so that Enter can open it and the arrow keys can go on to the next. */
class Keys extends KeyboardSensor {
  static override activators = [
    {
      eventName: "onKeyDown" as const,
      handler: (event: KeyboardEvent) => {
        if (event.key.toLowerCase() !== "m" || event.ctrlKey || event.metaKey || event.altKey) return false;
        event.preventDefault();
        return true;
      },
    },
  ];
}

const KEYBOARD_CODES = { start: [], cancel: ["Escape"], end: ["Enter", "NumpadEnter", "Space", "KeyM"] };

const ARROWS: Record<string, [number, number]> = {
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
};

/** From cell to cell, past those that are no time at all. */
const byCell: KeyboardCoordinateGetter = (
  event,
  { context: { over, droppableContainers, droppableRects } },
) => {
  const by = ARROWS[event.code];
  if (!by || !over) return undefined;
  event.preventDefault();
  const at = over.data.current as { col: number; row: number } | undefined;
  if (!at) return undefined;
  const all = droppableContainers.toArray();
  for (let steps = 1; ; steps += 1) {
    const next = all.find(({ data }) => {
      const place = data.current as { col: number; row: number } | undefined;
      return place?.col === at.col + by[0] * steps && place.row === at.row + by[1] * steps;
    });
    if (!next) return undefined;
    const rect = next.disabled ? null : droppableRects.get(next.id);
    if (rect) return { x: rect.left, y: rect.top };
  }
};

/** What is under the pointer (only where the calendar can be seen) or, with the keyboard, under the card's corner. */
function collisionIn(area: RefObject<HTMLElement | null>): CollisionDetection {
  return (args) => {
    const { pointerCoordinates: pointer, collisionRect } = args;
    if (!pointer) {
      const corner = { x: collisionRect.left + 6, y: collisionRect.top + 6 };
      return pointerWithin({ ...args, pointerCoordinates: corner });
    }
    const box = area.current?.getBoundingClientRect();
    const head = area.current?.querySelector("[data-head]")?.getBoundingClientRect().height ?? 0;
    const seen =
      box &&
      pointer.x >= box.left &&
      pointer.x <= box.right &&
      pointer.y >= box.top + head &&
      pointer.y <= box.bottom;
    return seen ? pointerWithin(args) : [];
  };
}

/** A drag that ends over its own card is no click on it. */
function swallowNextClick() {
  const swallow = (event: Event) => {
    event.preventDefault();
    event.stopPropagation();
  };
  window.addEventListener("click", swallow, { capture: true, once: true });
  setTimeout(() => window.removeEventListener("click", swallow, { capture: true }), 60);
}

interface Props {
  area: RefObject<HTMLElement | null>;
  context: CardContext;
  lines: 1 | 3;
  /** A cell in words. */
  sayCell: (cell: Cell) => string;
  onDragging: (dragging: boolean) => void;
  children: ReactNode;
}

/** Lets the posts in it be moved to another time by mouse, touch and keyboard. */
export function MoveByDrag({ area, context, lines, sayCell, onDragging, children }: Props) {
  const { t } = useTranslation();
  const { user } = useSession();
  const moveAndSay = useMoveAndSay();
  const [held, setHeld] = useState<{ item: Placed; blocked: boolean } | null>(null);
  const sensors = useSensors(
    useSensor(MouseSensor, { activationConstraint: { distance: 5 } }),
    useSensor(TouchSensor, { activationConstraint: { delay: 250, tolerance: 8 } }),
    useSensor(Keys, { coordinateGetter: byCell, keyboardCodes: KEYBOARD_CODES }),
  );
  const collision = useMemo(() => collisionIn(area), [area]);
  const announcements = useAnnouncements(context, sayCell);
  const byKeyboard = useRef(false);

  const end = () => {
    setHeld(null);
    onDragging(false);
    if (!byKeyboard.current) swallowNextClick();
  };

  const drop = (item: Placed, cell: Cell) => {
    const target = dropTime(item.due, user.time_zone, cell, Date.now());
    if (target.kind === "past") toast.told(t("calendar.drag.past"));
    if (target.kind !== "moved") return;
    moveAndSay(item.post, target.iso);
    if (byKeyboard.current) focusCard(item.post.id, cellId(cell));
  };

  return (
    <DndContext
      sensors={sensors}
      collisionDetection={collision}
      accessibility={{
        announcements,
        screenReaderInstructions: { draggable: t("calendar.drag.instructions") },
      }}
      onDragStart={({ active, activatorEvent }) => {
        const item = itemOf(active);
        if (!item) return;
        const why = unmovable(item.post);
        if (why) toast.told(t(`post.unmovable.${why}`));
        byKeyboard.current = activatorEvent instanceof globalThis.KeyboardEvent;
        setHeld({ item, blocked: why !== null });
        onDragging(true);
      }}
      onDragCancel={end}
      onDragEnd={({ over }) => {
        const cell = (over?.data.current as { cell: Cell } | undefined)?.cell;
        if (held && !held.blocked && cell) drop(held.item, cell);
        end();
      }}
    >
      {children}
      <DragOverlay dropAnimation={null}>
        {held && (
          <div
            className={`${classes.card} ${classes.overlay}`}
            data-state={held.item.post.state}
            data-lines={lines}
            data-blocked={held.blocked || undefined}
            aria-hidden
          >
            <CardFace item={held.item} context={context} lines={lines} />
          </div>
        )}
      </DragOverlay>
    </DndContext>
  );
}

function itemOf(active: Active): Placed | undefined {
  return (active.data.current as { item: Placed } | undefined)?.item;
}

/** The card stands in another cell now, as a new element, or behind its "+3 more". */
function focusCard(id: string, cell: string) {
  setTimeout(() => {
    const card = document.querySelector<HTMLElement>(`[data-post="${id}"]`);
    (card ?? document.querySelector<HTMLElement>(`[data-cell="${cell}"] [data-nav]`))?.focus();
  }, 80);
}

function useAnnouncements(context: CardContext, sayCell: (cell: Cell) => string): Announcements {
  const { t } = useTranslation();
  const when = (over: { data: { current?: unknown } } | null) => {
    const cell = (over?.data.current as { cell: Cell } | undefined)?.cell;
    return cell ? sayCell(cell) : null;
  };
  return {
    onDragStart: ({ active }) => {
      const item = itemOf(active);
      const post = item ? `${context.format.time(item.due)} ${item.post.excerpt}` : "";
      return t("calendar.drag.start", { post });
    },
    onDragOver: ({ over }) => {
      const cell = when(over);
      return cell ? t("calendar.drag.over", { when: cell }) : t("calendar.drag.overNone");
    },
    onDragEnd: ({ over }) => {
      const cell = when(over);
      return cell ? t("calendar.drag.end", { when: cell }) : t("calendar.drag.cancel");
    },
    onDragCancel: () => t("calendar.drag.cancel"),
  };
}
