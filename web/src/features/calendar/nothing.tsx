import { Button, Group, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { ButtonLink } from "@/components/links";
import classes from "./page.module.css";
import type { View } from "./search";

interface Props {
  view: View;
  filtered: boolean;
  onClear: () => void;
}

/** Says over an empty calendar why it is empty, and what to do. */
export function Nothing({ view, filtered, onClear }: Props) {
  const { t } = useTranslation();
  return (
    <Group className={classes.nothing} gap="xs" data-list={view === "list" || undefined}>
      <Text size="sm" c="dimmed">
        {filtered ? t("calendar.filter.none") : `${t(`calendar.empty.${view}`)} `}
        {!filtered && view !== "list" && t("calendar.empty.hint")}
      </Text>
      {filtered && (
        <Button size="compact-sm" variant="default" onClick={onClear}>
          {t("calendar.filter.clear")}
        </Button>
      )}
      {!filtered && view === "list" && (
        <ButtonLink to="/posts/new" size="compact-sm" variant="default">
          {t("calendar.empty.write")}
        </ButtonLink>
      )}
    </Group>
  );
}
