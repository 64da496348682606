import { Skeleton } from "@mantine/core";
import { useTranslation } from "react-i18next";
import classes from "./page.module.css";

/** Stands over the empty grid until the posts come, so that nothing shifts when they do. */
export function LoadingPosts() {
  const { t } = useTranslation();
  return (
    <div className={classes.loading}>
      <output className="visually-hidden">{t("common.loading")}</output>
      {[62, 48, 70, 55].map((width) => (
        <Skeleton key={width} h={14} w={`${width}%`} radius="sm" aria-hidden />
      ))}
    </div>
  );
}
