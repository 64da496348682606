import { type KeyboardEvent, type RefObject, useLayoutEffect } from "react";

/*
 * One tab stop for the whole calendar. Slots and cards carry `data-nav`; each stands in a cell with `data-col` and
 * `data-row`. Arrow keys go up and down through a column's slots and cards, and sideways to the next column.
 */

const ARROWS = ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"];

const cellOf = (element: Element) => element.closest<HTMLElement>("[data-col]");
const stopsIn = (scope: Element) => [...scope.querySelectorAll<HTMLElement>("[data-nav]")];

/** Keeps exactly one element of the calendar in the tab order: what had the focus last, else `preferred`, else the first. */
export function useRoving(root: RefObject<HTMLElement | null>, preferred: string) {
  useLayoutEffect(() => {
    const element = root.current;
    if (!element || element.querySelector('[data-nav][tabindex="0"]')) return;
    const cell = element.querySelector(`[data-cell="${preferred}"]`);
    const stop =
      cell?.querySelector<HTMLElement>("[data-nav]") ?? element.querySelector<HTMLElement>("[data-nav]");
    if (stop) stop.tabIndex = 0;
  });
}

export function rovingFocus(event: { target: EventTarget; currentTarget: HTMLElement }) {
  const { target, currentTarget } = event;
  if (!(target instanceof HTMLElement) || target.dataset.nav === undefined) return;
  for (const other of currentTarget.querySelectorAll<HTMLElement>('[data-nav][tabindex="0"]'))
    other.tabIndex = -1;
  target.tabIndex = 0;
}

export function rovingKeys(event: KeyboardEvent<HTMLElement>) {
  if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || !ARROWS.includes(event.key))
    return;
  const from = event.target instanceof HTMLElement ? event.target : null;
  if (!from || from.dataset.nav === undefined) return;
  const to = neighbour(event.currentTarget, from, event.key);
  if (!to) return;
  event.preventDefault();
  to.focus();
  to.scrollIntoView({ block: "nearest", inline: "nearest" });
}

/** Where an arrow key leads from a slot or card; undefined at the edge. */
export function neighbour(root: HTMLElement, from: HTMLElement, key: string): HTMLElement | undefined {
  const cell = cellOf(from);
  if (!cell) return undefined;
  const col = Number(cell.dataset.col);
  const row = Number(cell.dataset.row);
  if (key === "ArrowUp" || key === "ArrowDown") {
    const column = [...root.querySelectorAll<HTMLElement>(`[data-col="${col}"]`)]
      .sort((a, b) => Number(a.dataset.row) - Number(b.dataset.row))
      .flatMap(stopsIn);
    return column[column.indexOf(from) + (key === "ArrowDown" ? 1 : -1)];
  }
  const rtl = getComputedStyle(root).direction === "rtl";
  const by = (key === "ArrowRight") !== rtl ? 1 : -1;
  const beside = root.querySelector<HTMLElement>(`[data-col="${col + by}"][data-row="${row}"]`);
  if (!beside) return undefined;
  const stops = stopsIn(beside);
  return stops.find((stop) => stop.dataset.post !== undefined) ?? stops[0];
}
