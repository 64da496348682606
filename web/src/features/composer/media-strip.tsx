import "@/i18n/composing";
import {
  closestCenter,
  DndContext,
  type DragEndEvent,
  MouseSensor,
  TouchSensor,
  useSensor,
  useSensors,
} from "@dnd-kit/core";
import { horizontalListSortingStrategy, SortableContext, useSortable } from "@dnd-kit/sortable";
import { CSS } from "@dnd-kit/utilities";
import { ActionIcon, Text, UnstyledButton } from "@mantine/core";
import { IconAlertCircle, IconRefresh, IconX } from "@tabler/icons-react";
import { type KeyboardEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Finding } from "@/api/types";
import { bytes } from "@/app/format";
import { problemWords } from "@/components/problem-words";
import { AltModal } from "./alt-modal";
import { useShownMedia } from "./media-item";
import classes from "./media-strip.module.css";
import type { MediaItem } from "./model";
import { Picture } from "./picture";
import type { Upload, Uploads } from "./uploads";

interface Props {
  id: string;
  items: MediaItem[];
  files: ReadonlyMap<string, Upload>;
  uploads: Uploads;
  readOnly: boolean;
  /** Findings about the file at an index. */
  findings: (index: number) => Finding[];
  onMove: (media: string, to: number) => void;
  onRemove: (media: string) => void;
  onAlt: (media: string, alt: string) => void;
}

/** The files of a part: order by drag or Alt with an arrow, description, progress, what went wrong. */
export function MediaStrip({
  id,
  items,
  files,
  uploads,
  readOnly,
  findings,
  onMove,
  onRemove,
  onAlt,
}: Props) {
  const { t } = useTranslation();
  const [open, setOpen] = useState<string | null>(null);
  const sensors = useSensors(
    useSensor(MouseSensor, { activationConstraint: { distance: 6 } }),
    useSensor(TouchSensor, { activationConstraint: { delay: 220, tolerance: 8 } }),
  );
  const end = ({ active, over }: DragEndEvent) => {
    const to = items.findIndex((item) => item.key === over?.id);
    if (to >= 0 && active.id !== over?.id) onMove(String(active.id), to);
  };
  const opened = items.find((item) => item.key === open);
  const at = items.findIndex((item) => item.key === open);
  return (
    <div id={id} tabIndex={-1} className={classes.root}>
      {items.length > 0 && (
        <DndContext sensors={sensors} collisionDetection={closestCenter} onDragEnd={end}>
          <SortableContext
            items={items.map((item) => item.key)}
            strategy={horizontalListSortingStrategy}
            disabled={readOnly}
          >
            <ul className={classes.list} aria-label={t("composer.media.list")}>
              {items.map((item, index) => (
                <Tile
                  key={item.key}
                  item={item}
                  index={index}
                  count={items.length}
                  files={files}
                  readOnly={readOnly}
                  findings={findings(index)}
                  onOpen={() => setOpen(item.key)}
                  onMove={(to) => onMove(item.key, to)}
                  onRemove={() => onRemove(item.key)}
                  onRetry={() => uploads.retry(item.key)}
                />
              ))}
            </ul>
          </SortableContext>
        </DndContext>
      )}
      {opened && (
        <AltModal
          item={opened}
          files={files}
          findings={findings(at)}
          readOnly={readOnly}
          onChange={(alt) => onAlt(opened.key, alt)}
          onClose={() => setOpen(null)}
        />
      )}
    </div>
  );
}

interface TileProps {
  item: MediaItem;
  index: number;
  count: number;
  files: ReadonlyMap<string, Upload>;
  readOnly: boolean;
  findings: Finding[];
  onOpen: () => void;
  onMove: (to: number) => void;
  onRemove: () => void;
  onRetry: () => void;
}

function Tile({
  item,
  index,
  count,
  files,
  readOnly,
  findings,
  onOpen,
  onMove,
  onRemove,
  onRetry,
}: TileProps) {
  const { t } = useTranslation();
  const shown = useShownMedia(item, files);
  const { setNodeRef, listeners, transform, transition, isDragging } = useSortable({ id: item.key });
  const { upload } = shown;
  const failed = upload?.state === "failed" ? upload.problem : null;
  const wrong = failed !== null || findings.some((finding) => finding.severity === "error");
  const name = shown.name || t("composer.media.file", { number: index + 1 });
  const onKey = (event: KeyboardEvent) => {
    if (!event.altKey || (event.key !== "ArrowLeft" && event.key !== "ArrowRight")) return;
    event.preventDefault();
    const to = index + (event.key === "ArrowRight" ? 1 : -1);
    if (!readOnly && to >= 0 && to < count) onMove(to);
  };
  return (
    <li
      ref={setNodeRef}
      className={classes.tile}
      data-wrong={wrong || undefined}
      data-dragging={isDragging || undefined}
      style={{ transform: CSS.Transform.toString(transform), transition }}
    >
      <UnstyledButton
        {...listeners}
        className={classes.open}
        onClick={onOpen}
        onKeyDown={onKey}
        aria-keyshortcuts="Alt+ArrowLeft Alt+ArrowRight"
        title={shown.media ? `${name} · ${bytes(shown.media.size)}` : name}
      >
        <span className="visually-hidden">
          {t(item.alt ? "composer.media.editAlt" : "composer.media.addAlt", { name })}
        </span>
        <Picture shown={shown} alt="" className={classes.picture} />
        {!failed && (item.id || upload?.state === "stored") && (
          <span className={classes.alt} data-missing={!item.alt || undefined} aria-hidden>
            {t("composer.media.alt")}
          </span>
        )}
      </UnstyledButton>
      {upload && (upload.state === "sending" || upload.state === "waiting") && (
        <Progress name={name} share={upload.progress} />
      )}
      {failed && (
        <div className={classes.failed}>
          <IconAlertCircle size={18} aria-hidden />
          <Text size="xs" lineClamp={3} title={`${problemWords(failed).title} ${problemWords(failed).text}`}>
            {problemWords(failed).text || problemWords(failed).title}
          </Text>
          <ActionIcon
            size="sm"
            variant="default"
            onClick={onRetry}
            aria-label={t("composer.media.retry", { name })}
            title={t("common.retry")}
          >
            <IconRefresh size={14} aria-hidden />
          </ActionIcon>
        </div>
      )}
      {!readOnly && (
        <UnstyledButton
          className={classes.remove}
          onClick={onRemove}
          aria-label={t("composer.media.remove", { name })}
          title={t("common.remove")}
        >
          <IconX size={14} aria-hidden />
        </UnstyledButton>
      )}
    </li>
  );
}

function Progress({ name, share }: { name: string; share: number }) {
  const { t } = useTranslation();
  const percent = Math.round(share * 100);
  return (
    <div className={classes.progress}>
      <div
        role="progressbar"
        aria-label={t("composer.media.uploading", { name })}
        aria-valuenow={percent}
        aria-valuemin={0}
        aria-valuemax={100}
        className={classes.bar}
      >
        <span style={{ width: `${percent}%` }} />
      </div>
      <span className={classes.percent} aria-hidden>
        {percent < 100 ? t("composer.media.percent", { percent }) : t("composer.media.storing")}
      </span>
    </div>
  );
}
