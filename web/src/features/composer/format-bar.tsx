import "@/i18n/composing";
import { ActionIcon, Text } from "@mantine/core";
import {
  IconBlockquote,
  IconBold,
  IconCode,
  IconHeading,
  IconItalic,
  IconLink,
  IconList,
  IconListNumbers,
  IconStrikethrough,
} from "@tabler/icons-react";
import type { ComponentType } from "react";
import { useTranslation } from "react-i18next";
import classes from "./format-bar.module.css";
import { type Marking, mark } from "./marking";
import { typeInto } from "./typing";

const ICONS: Record<Marking, ComponentType<{ size?: number; "aria-hidden"?: boolean }>> = {
  bold: IconBold,
  italic: IconItalic,
  strike: IconStrikethrough,
  code: IconCode,
  link: IconLink,
  heading: IconHeading,
  bullets: IconList,
  numbers: IconListNumbers,
  quote: IconBlockquote,
};

const KEYS: Partial<Record<Marking, string>> = { bold: "b", italic: "i", link: "k", code: "e" };

interface Props {
  /** Of the text that is marked. */
  field: string;
  markings: readonly Marking[];
  /** Who shows the words alone. */
  plain: readonly string[];
}

/** What words can be made, for who does not know the signs by heart. */
export function FormatBar({ field, markings, plain }: Props) {
  const { t } = useTranslation();
  return (
    <div className={classes.bar}>
      <fieldset className={classes.tools} aria-label={t("composer.format.tools")}>
        {markings.map((marking) => {
          const Icon = ICONS[marking];
          const key = KEYS[marking];
          const label = t(`composer.format.${marking}`);
          return (
            <ActionIcon
              key={marking}
              variant="subtle"
              color="gray"
              size="md"
              aria-label={label}
              title={key ? `${label} (Ctrl ${key.toUpperCase()})` : label}
              // The text keeps its focus and selection.
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => apply(field, marking)}
            >
              <Icon size={16} aria-hidden />
            </ActionIcon>
          );
        })}
      </fieldset>
      {plain.length > 0 && (
        <Text size="xs" c="dimmed" className={classes.note}>
          {t("composer.format.plain", { networks: plain.join(", ") })}
        </Text>
      )}
    </div>
  );
}

/** What a key pressed with Ctrl or ⌘ stands for. */
export function markingOf(event: {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
}): Marking | null {
  if ((!event.ctrlKey && !event.metaKey) || event.altKey || event.shiftKey) return null;
  const found = Object.entries(KEYS).find(([, key]) => key === event.key.toLowerCase());
  return (found?.[0] as Marking | undefined) ?? null;
}

/** Writes the signs around or before what is selected. */
export function apply(field: string, marking: Marking) {
  const area = document.getElementById(field);
  if (!(area instanceof HTMLTextAreaElement)) return;
  typeInto(area, mark({ text: area.value, from: area.selectionStart, to: area.selectionEnd }, marking));
}
