import type { ChoiceView } from "@/api/types";

/** Those whose name or handle has every word of the query. */
export function matching(choices: ChoiceView[], query: string): ChoiceView[] {
  const words = query.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return choices.filter((choice) => {
    const text = `${choice.name} ${choice.handle}`.toLocaleLowerCase();
    return words.every((word) => text.includes(word.replace(/^@/, "")));
  });
}

export const usable = (choices: ChoiceView[]) => choices.filter((choice) => !choice.unusable);

/** What is ticked before anybody has ticked anything: where there is no question, its answer. */
export function tickedAtFirst(choices: ChoiceView[]): ReadonlySet<string> {
  const all = usable(choices);
  return new Set(all.length === 1 ? all.map((choice) => choice.id) : []);
}

/** Ticks all that are shown, or unticks them where all are ticked; those that are hidden stay as they are. */
export function tickAll(ticked: ReadonlySet<string>, shown: ChoiceView[]): ReadonlySet<string> {
  const ids = usable(shown).map((choice) => choice.id);
  const next = new Set(ticked);
  const whole = ids.every((id) => next.has(id));
  for (const id of ids) {
    if (whole) next.delete(id);
    else next.add(id);
  }
  return next;
}

export function tick(ticked: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const next = new Set(ticked);
  if (!next.delete(id)) next.add(id);
  return next;
}
