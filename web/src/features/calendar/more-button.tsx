import { useTranslation } from "react-i18next";
import classes from "./more-button.module.css";

interface Props {
  count: number;
  label: string;
  onClick: () => void;
}

/** "+3 more" at the end of a cell that is too small for all of its posts. */
export function MoreButton({ count, label, onClick }: Props) {
  const { t } = useTranslation();
  return (
    <button
      type="button"
      className={classes.more}
      onClick={onClick}
      aria-label={label}
      data-nav
      tabIndex={-1}
    >
      {t("calendar.more", { count })}
    </button>
  );
}
