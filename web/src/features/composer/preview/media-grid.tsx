import "@/i18n/composing";
import { IconEyeOff } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useShownMedia } from "../media-item";
import type { MediaItem } from "../model";
import { Picture } from "../picture";
import type { Upload } from "../uploads";
import classes from "./preview.module.css";

interface Props {
  items: MediaItem[];
  files: ReadonlyMap<string, Upload>;
  /** Covered until it is clicked. */
  hidden: boolean;
  stacked: boolean;
}

export function MediaGrid({ items, files, hidden, stacked }: Props) {
  const { t } = useTranslation();
  const shown = items.slice(0, stacked ? items.length : 4);
  return (
    <div className={classes.media} data-count={stacked ? 1 : shown.length} data-hidden={hidden || undefined}>
      {shown.map((item) => (
        <Cell key={item.key} item={item} files={files} />
      ))}
      {hidden && (
        <span className={classes.cover}>
          <IconEyeOff size={18} aria-hidden /> {t("composer.preview.sensitive")}
        </span>
      )}
      {items.length > shown.length && <span className={classes.rest}>+{items.length - shown.length}</span>}
    </div>
  );
}

function Cell({ item, files }: { item: MediaItem; files: ReadonlyMap<string, Upload> }) {
  const shown = useShownMedia(item, files);
  return (
    <div className={classes.cell}>
      <Picture shown={shown} alt={item.alt || shown.name} className={classes.picture} full />
      {item.alt && (
        <span className={classes.alt} aria-hidden>
          ALT
        </span>
      )}
    </div>
  );
}
