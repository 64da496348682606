import { Badge, Button, Popover, Skeleton } from "@mantine/core";
import { IconFilter } from "@tabler/icons-react";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import classes from "./filter-menu.module.css";
import { useFilter } from "./use-filter";

const FilterChoices = lazy(() =>
  import("./filter-choices").then((module) => ({ default: module.FilterChoices })),
);

/** Which channels and which states the calendar shows. */
export function FilterMenu({ compact }: { compact: boolean }) {
  const { t } = useTranslation();
  const { count } = useFilter();
  return (
    <Popover position="bottom-end" width={280} trapFocus returnFocus>
      <Popover.Target>
        <Button
          variant="default"
          size="sm"
          px="sm"
          leftSection={<IconFilter size={16} aria-hidden />}
          classNames={compact ? { section: classes.bare } : undefined}
          rightSection={
            count > 0 ? (
              <Badge size="sm" circle aria-hidden>
                {count}
              </Badge>
            ) : null
          }
          aria-label={count > 0 ? t("calendar.filter.active", { count }) : t("calendar.filter.button")}
        >
          {compact ? null : t("calendar.filter.button")}
        </Button>
      </Popover.Target>
      <Popover.Dropdown p={0}>
        <Suspense fallback={<Skeleton h={240} m="sm" aria-hidden />}>
          <FilterChoices />
        </Suspense>
      </Popover.Dropdown>
    </Popover>
  );
}
