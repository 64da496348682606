import { useTranslation } from "react-i18next";
import classes from "./more-button.module.css";

interface Props {
  count: number;
  /** Where: "Tuesday 24 November, 09:00". */
  day: string;
  onClick: () => void;
}

/** "+3 more" at the end of a cell that is too small for all of its posts. */
export function MoreButton({ count, day, onClick }: Props) {
  const { t } = useTranslation();
  return (
    <button type="button" className={classes.more} onClick={onClick} data-nav tabIndex={-1}>
      {t("calendar.more", { count })}
      <span className="visually-hidden"> {t("calendar.moreOn", { day })}</span>
    </button>
  );
}
