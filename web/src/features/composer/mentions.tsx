import "@/i18n/composing";
import { Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { type KeyboardEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { asProblem } from "@/api/problem";
import { PAUSE, useLookupOf } from "./lookup";
import { type Begun, mentionAt } from "./mention-at";
import classes from "./mentions.module.css";
import { typeInto } from "./typing";

/** The lookup that finds whom to mention. */
const MENTIONS = "mentions";

/** Who could be meant by the mention that is being typed in a field; `channel` is empty where nobody can be asked. */
export function useMentions(channel: string, field: string) {
  const [begun, setBegun] = useState<Begun | null>(null);
  const [left, setLeft] = useState<number | null>(null);
  const [active, setActive] = useState(0);
  // One that was left with Escape stays so until another one begins.
  const open = begun && begun.from !== left ? begun : null;
  const wanted = open?.wanted ?? "";
  const [settled] = useDebouncedValue(wanted, PAUSE);
  const query = useLookupOf(channel, channel && settled ? MENTIONS : "", settled);
  const found = open && settled ? (query.data?.items ?? []) : [];
  // Until the network has answered for these letters, only who has them in a name may still be meant.
  const isFresh = settled === wanted && !query.isPlaceholderData;
  const items = isFresh ? found : found.filter((item) => fits(item, wanted));
  const at = Math.min(active, items.length - 1);

  const choose = (index: number) => {
    const area = document.getElementById(field);
    const item = items[index];
    if (!open || !item || !(area instanceof HTMLTextAreaElement)) return;
    const to = open.from + 1 + open.wanted.length;
    const words = `${item.id} `;
    const caret = open.from + words.length;
    setBegun(null);
    typeInto(area, { from: open.from, to, words, select: [caret, caret] });
  };

  /** Whether the key was meant for the list. */
  const onKey = (event: KeyboardEvent): boolean => {
    if (!open || event.ctrlKey || event.metaKey || event.altKey || event.nativeEvent.isComposing)
      return false;
    if (event.key === "Escape") {
      setLeft(open.from);
      return items.length > 0;
    }
    if (items.length === 0) return false;
    if (event.key === "ArrowDown") setActive((at + 1) % items.length);
    else if (event.key === "ArrowUp") setActive((at + items.length - 1) % items.length);
    else if (event.key === "Enter" || event.key === "Tab") choose(at);
    else return false;
    return true;
  };

  return {
    items,
    active: at,
    choose,
    onKey,
    error: open ? query.error : null,
    list: `${field}-mentions`,
    /** The caret has moved, or the text changed. */
    look(area: HTMLTextAreaElement) {
      const found =
        area.selectionStart === area.selectionEnd ? mentionAt(area.value, area.selectionStart) : null;
      if (found?.from !== begun?.from) {
        setLeft(null);
        setActive(0);
      }
      setBegun(found);
    },
    close: () => setBegun(null),
  };
}

function fits({ id, name, detail }: { id: string; name: string; detail: string }, wanted: string): boolean {
  return [id, name, detail].some((words) => words.toLowerCase().includes(wanted.toLowerCase()));
}

type Mentions = ReturnType<typeof useMentions>;

const idOf = (list: string, index: number) => `${list}-${index}`;

/** What a field says of its list to who does not see it. */
export function listProps({ items, list, active }: Mentions) {
  if (items.length === 0) return {};
  return {
    "aria-autocomplete": "list",
    "aria-controls": list,
    "aria-activedescendant": idOf(list, active),
  } as const;
}

/** Below the field: whom the network knows by these letters. */
export function MentionList({ mentions }: { mentions: Mentions }) {
  const { t } = useTranslation();
  const { items, active, list, error, choose } = mentions;
  if (error) {
    return (
      <Text size="xs" c="dimmed" role="status">
        {t("composer.mentions.failed", { why: asProblem(error).title })}
      </Text>
    );
  }
  return (
    <>
      <span className="visually-hidden" role="status">
        {items.length > 0 && t("composer.mentions.found", { count: items.length })}
      </span>
      {items.length > 0 && (
        <div role="listbox" id={list} aria-label={t("composer.mentions.title")} className={classes.list}>
          {items.map((item, index) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: its keys are those of the field, which keeps the focus
            <div
              key={item.id}
              id={idOf(list, index)}
              role="option"
              tabIndex={-1}
              aria-selected={index === active}
              className={classes.item}
              // The field keeps its focus and caret.
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => choose(index)}
            >
              <span className={classes.name}>{item.name}</span>
              <span className={classes.detail}>{item.detail}</span>
            </div>
          ))}
        </div>
      )}
    </>
  );
}
