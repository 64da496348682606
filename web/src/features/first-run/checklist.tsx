import { CloseButton, Group, Text } from "@mantine/core";
import { IconCircle, IconCircleCheck } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import classes from "./checklist.module.css";
import { useFirstRun } from "./state";

/** What is left of the first steps, on one line above the calendar, until it is all done or put away. */
export function Checklist() {
  const { t } = useTranslation();
  const run = useFirstRun();
  if (!run.offered) return null;
  const steps = [
    { done: run.connected, label: t("welcome.connect.title") },
    { done: run.written, label: t("welcome.write.title") },
    { done: run.scheduled, label: t("welcome.schedule.title") },
  ];
  const next = steps.findIndex((item) => !item.done);
  return (
    <section className={classes.bar} aria-label={t("welcome.checklist.title")}>
      <Group gap="xs" wrap="wrap" component="ol" className={classes.steps}>
        {steps.map((item, index) => {
          const Icon = item.done ? IconCircleCheck : IconCircle;
          const words = (
            <>
              <Icon size={16} aria-hidden />
              {item.label}
              {item.done && <span className="visually-hidden"> ({t("welcome.stepDone")})</span>}
            </>
          );
          return (
            <li
              key={item.label}
              className={classes.step}
              data-done={item.done || undefined}
              data-later={(!item.done && index !== next) || undefined}
            >
              {index === next ? (
                <Link to="/welcome" className={classes.link}>
                  {words}
                </Link>
              ) : (
                <span className={classes.words}>{words}</span>
              )}
            </li>
          );
        })}
      </Group>
      <Text size="xs" className={classes.progress}>
        {t("welcome.checklist.progress", { done: steps.filter((item) => item.done).length })}
      </Text>
      <CloseButton size="sm" aria-label={t("welcome.checklist.dismiss")} onClick={run.dismiss} />
    </section>
  );
}
