import { fieldId, type Place } from "./findings";

/** Puts the focus where a finding belongs, once the tab it is on is drawn. */
export function focusPlace(place: Place) {
  requestAnimationFrame(() =>
    requestAnimationFrame(() => {
      const box =
        document.getElementById(fieldId(place)) ??
        document.getElementById(fieldId({ ...place, item: undefined }));
      if (!box) return;
      const target = within(box, place) ?? box;
      target.scrollIntoView({ block: "center", behavior: "auto" });
      target.focus({ preventScroll: true });
    }),
  );
}

function within(box: HTMLElement, place: Place): HTMLElement | null {
  if (place.field === "due") return box.querySelector<HTMLElement>("input:not([type=radio]), button");
  if (place.field === "channels") return box.querySelector<HTMLElement>("button");
  if (place.field !== "media" || place.item === undefined) return null;
  return (
    box.querySelectorAll<HTMLElement>("li > button:first-of-type")[Number.parseInt(place.item, 10)] ?? null
  );
}
