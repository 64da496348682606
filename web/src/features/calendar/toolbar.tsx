import { ActionIcon, Button, Group, SegmentedControl, Text, Title } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { zoneLabel, zonePlace } from "@/app/format";
import { AnchorLink } from "@/components/links";
import { FilterMenu } from "./filter-menu";
import { titleOf } from "./range";
import { VIEWS, type View } from "./search";
import classes from "./toolbar.module.css";

interface Props {
  view: View;
  date: string;
  zone: string;
  weekStart: "monday" | "sunday";
  narrow: boolean;
  drafts: number;
  onDrafts: () => void;
  onView: (view: View) => void;
  onToday: () => void;
  onStep: (by: -1 | 1) => void;
  selecting: boolean;
  onSelecting: () => void;
}

export function Toolbar(props: Props) {
  const {
    view,
    date,
    zone,
    weekStart,
    narrow,
    drafts,
    onDrafts,
    onView,
    onToday,
    onStep,
    selecting,
    onSelecting,
  } = props;
  const { t } = useTranslation();
  const title = titleOf(view, date, weekStart);
  // Beside the hours their offset is shown, which may change within a week.
  const hourly = view === "day" || view === "week";
  const place = hourly ? zonePlace(zone) : zoneLabel(zone, new Date(`${date}T12:00:00Z`));
  return (
    <div className={classes.bar}>
      <Group gap={6} wrap="nowrap" className={classes.where}>
        <Button variant="default" size="sm" px="sm" onClick={onToday}>
          {t("calendar.today")}
        </Button>
        <Group gap={0} wrap="nowrap">
          <ActionIcon
            variant="subtle"
            color="gray"
            size={34}
            className={classes.step}
            onClick={() => onStep(-1)}
            aria-label={t(`calendar.previous.${view}`)}
          >
            <IconChevronLeft size={18} aria-hidden className={classes.arrow} />
          </ActionIcon>
          <ActionIcon
            variant="subtle"
            color="gray"
            size={34}
            className={classes.step}
            onClick={() => onStep(1)}
            aria-label={t(`calendar.next.${view}`)}
          >
            <IconChevronRight size={18} aria-hidden className={classes.arrow} />
          </ActionIcon>
        </Group>
        <Title order={1} className={classes.title} aria-live="polite">
          {narrow ? title.short : title.long}
        </Title>
      </Group>
      <Group gap="xs" className={classes.tools}>
        {drafts > 0 && view !== "list" && !narrow && (
          <Button variant="subtle" size="sm" px="xs" onClick={onDrafts} title={t("calendar.drafts")}>
            {t("calendar.draftsShow", { count: drafts })}
          </Button>
        )}
        <Text size="xs" className={classes.zone}>
          <AnchorLink to="/settings" c="dimmed" size="xs" title={t("calendar.zone", { zone: place })}>
            {place}
          </AnchorLink>
        </Text>
        <Button
          variant={selecting ? "light" : "default"}
          size="sm"
          px="sm"
          aria-pressed={selecting}
          onClick={onSelecting}
        >
          {t("calendar.select")}
        </Button>
        <FilterMenu compact={narrow} />
        <SegmentedControl
          size="sm"
          value={view}
          onChange={(value) => onView(value as View)}
          aria-label={t("calendar.view.label")}
          data={VIEWS.map((name) => ({ value: name, label: t(`calendar.view.${name}`) }))}
        />
      </Group>
    </div>
  );
}
