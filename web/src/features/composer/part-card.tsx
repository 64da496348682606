import "@/i18n/composing";
import { useSortable } from "@dnd-kit/sortable";
import { CSS } from "@dnd-kit/utilities";
import { ActionIcon, Menu, Select, Text, Textarea } from "@mantine/core";
import {
  IconArrowDown,
  IconArrowUp,
  IconGripVertical,
  IconLibraryPhoto,
  IconPhotoPlus,
  IconTrash,
  IconTypography,
  IconUpload,
} from "@tabler/icons-react";
import { type ClipboardEvent, type DragEvent, type KeyboardEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Finding, Format } from "@/api/types";
import { i18n } from "@/i18n";
import { Counter } from "./counter";
import type { Counter as Count } from "./findings";
import { type ChannelFit, fieldId, placeOf } from "./findings";
import { apply, FormatBar, markingOf } from "./format-bar";
import { LibraryModal } from "./library-modal";
import type { Marking } from "./marking";
import { MediaStrip } from "./media-strip";
import { listProps, MentionList, useMentions } from "./mentions";
import type { MediaItem, Part, Scope } from "./model";
import classes from "./part-card.module.css";
import type { Upload, Uploads } from "./uploads";

interface Props {
  part: Part;
  index: number;
  count: number;
  scope: Scope;
  readOnly: boolean;
  files: ReadonlyMap<string, Upload>;
  uploads: Uploads;
  /** The channel whose network suggests whom to mention; empty where none does. */
  mentions: string;
  /** What the networks that get it show of formatting. */
  markings: readonly Marking[];
  /** The names of those that show words alone. */
  plain: readonly string[];
  counter: Count | null;
  counterChannel: string | null;
  stale: boolean;
  textFindings: Finding[];
  mediaFindings: Finding[];
  /** What becomes of the nth stored file on each channel. */
  fits: (stored: number) => ChannelFit[];
  onText: (text: string) => void;
  onFormat: (format: Format) => void;
  onDelay: (minutes: number) => void;
  onMove: (to: number, focus: boolean) => void;
  onRemove: () => void;
  onFiles: (files: File[]) => void;
  onPicked: (items: MediaItem[]) => void;
  onMoveMedia: (media: string, to: number) => void;
  onRemoveMedia: (media: string) => void;
  onAlt: (media: string, alt: string) => void;
}

/** As the server takes them. Named one by one: then an iPhone converts its own type of photos, which is not among them. */
const TAKEN = [
  ...["jpeg", "png", "gif", "webp", "avif", "bmp", "tiff"].map((type) => `image/${type}`),
  ...["mp4", "quicktime", "webm"].map((type) => `video/${type}`),
].join();

const hasFiles = (event: DragEvent) => event.dataTransfer.types.includes("Files");

/** One part: text, files, and where there are several its place and delay. */
export function PartCard(props: Props) {
  const { part, index, count, scope, readOnly, markings, onText, onMove, onFiles } = props;
  const { t } = useTranslation();
  const sortable = useSortable({ id: part.key });
  const [dropping, setDropping] = useState(false);
  const drop = {
    onDragOver: (event: DragEvent) => {
      if (readOnly || !hasFiles(event)) return;
      event.preventDefault();
      setDropping(true);
    },
    onDragLeave: (event: DragEvent) => {
      if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setDropping(false);
    },
    onDrop: (event: DragEvent) => {
      setDropping(false);
      if (readOnly || !hasFiles(event)) return;
      event.preventDefault();
      onFiles([...event.dataTransfer.files]);
    },
  };
  const onPaste = (event: ClipboardEvent) => {
    // A copied text may carry a picture of itself as well; what has words is pasted as words.
    const files = [...event.clipboardData.files];
    if (readOnly || files.length === 0 || event.clipboardData.getData("text/plain")) return;
    event.preventDefault();
    onFiles(files);
  };
  const field = fieldId({ scope, part: index, field: "text" });
  const isFormatted = part.format === "markdown";
  const mentions = useMentions(readOnly ? "" : props.mentions, field);
  const onKey = (event: KeyboardEvent) => {
    if (mentions.onKey(event)) {
      event.preventDefault();
      return;
    }
    const marking = isFormatted && !readOnly ? markingOf(event) : null;
    if (marking && markings.includes(marking)) {
      event.preventDefault();
      apply(field, marking);
      return;
    }
    if (readOnly || !event.altKey || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
    if (count < 2) return;
    event.preventDefault();
    onMove(index + (event.key === "ArrowDown" ? 1 : -1), true);
  };
  const textWrong = props.textFindings.some((finding) => finding.severity === "error");
  const describedBy = `${field}-note`;
  return (
    <li
      ref={sortable.setNodeRef}
      className={classes.card}
      data-dropping={dropping || undefined}
      data-dragging={sortable.isDragging || undefined}
      data-wrong={textWrong || undefined}
      style={{ transform: CSS.Translate.toString(sortable.transform), transition: sortable.transition }}
      {...drop}
    >
      {count > 1 && <Head {...props} sortable={sortable} />}
      {isFormatted && !readOnly && <FormatBar field={field} markings={markings} plain={props.plain} />}
      <Textarea
        id={field}
        variant="unstyled"
        autosize
        minRows={count > 1 ? 3 : 6}
        maxRows={24}
        classNames={{ input: classes.text }}
        aria-label={count > 1 ? t("composer.parts.textOf", { number: index + 1 }) : t("composer.parts.text")}
        aria-describedby={describedBy}
        aria-invalid={textWrong || undefined}
        placeholder={t(index === 0 ? "composer.parts.placeholder" : "composer.parts.placeholderNext")}
        value={part.text}
        readOnly={readOnly}
        onChange={(event) => {
          onText(event.currentTarget.value);
          mentions.look(event.currentTarget);
        }}
        onSelect={(event) => mentions.look(event.currentTarget)}
        onBlur={mentions.close}
        onKeyDown={onKey}
        {...listProps(mentions)}
        onPaste={onPaste}
        dir="auto"
      />
      <MentionList mentions={mentions} />
      <MediaStrip
        id={fieldId({ scope, part: index, field: "media" })}
        items={part.media}
        files={props.files}
        uploads={props.uploads}
        readOnly={readOnly}
        findings={(at) =>
          props.mediaFindings.filter((finding) => placeOf(finding.pointer).item === String(at))
        }
        fits={props.fits}
        onMove={props.onMoveMedia}
        onRemove={props.onRemoveMedia}
        onAlt={props.onAlt}
      />
      <div className={classes.foot}>
        {!readOnly && (isFormatted || markings.length > 0) && (
          <ActionIcon
            variant={isFormatted ? "light" : "subtle"}
            color={isFormatted ? undefined : "gray"}
            size="lg"
            aria-pressed={isFormatted}
            aria-label={t("composer.format.toggle")}
            title={t("composer.format.hint")}
            onClick={() => props.onFormat(isFormatted ? "plain" : "markdown")}
          >
            <IconTypography size={20} aria-hidden />
          </ActionIcon>
        )}
        {!readOnly && <AddMedia onFiles={onFiles} onPicked={props.onPicked} />}
        <span className={classes.note} id={describedBy}>
          <Counter count={props.counter} channel={props.counterChannel} stale={props.stale} />
        </span>
      </div>
    </li>
  );
}

const DELAYS = [0, 1, 2, 5, 10, 15, 30, 60, 120];

function Head({
  part,
  index,
  count,
  readOnly,
  sortable,
  onDelay,
  onMove,
  onRemove,
}: Props & { sortable: ReturnType<typeof useSortable> }) {
  const { t } = useTranslation();
  const delays = DELAYS.includes(part.delay) ? DELAYS : [...DELAYS, part.delay].sort((a, b) => a - b);
  return (
    <div className={classes.head} data-plain={readOnly || undefined}>
      {!readOnly && (
        <ActionIcon
          {...sortable.attributes}
          {...sortable.listeners}
          variant="subtle"
          color="gray"
          size="md"
          className={classes.grip}
          aria-label={t("composer.parts.drag", { number: index + 1 })}
        >
          <IconGripVertical size={16} aria-hidden />
        </ActionIcon>
      )}
      <Text size="xs" fw={600} c="dimmed" component="p" m={0}>
        {t("composer.parts.label", { number: index + 1, count })}
      </Text>
      {index > 0 && (
        <Select
          size="xs"
          w={150}
          aria-label={t("composer.parts.delay")}
          data={delays.map((minutes) => ({
            value: String(minutes),
            label: minutes === 0 ? t("composer.parts.noDelay") : delayWords(minutes),
          }))}
          value={String(part.delay)}
          onChange={(value) => onDelay(Number(value ?? 0))}
          allowDeselect={false}
          disabled={readOnly}
          comboboxProps={{ width: 180, position: "bottom-start" }}
        />
      )}
      {!readOnly && (
        <div className={classes.tools}>
          <ActionIcon
            variant="subtle"
            color="gray"
            disabled={index === 0}
            onClick={() => onMove(index - 1, false)}
            aria-label={t("composer.parts.up", { number: index + 1 })}
            title={`${t("composer.parts.upShort")} (Alt ↑)`}
          >
            <IconArrowUp size={16} aria-hidden />
          </ActionIcon>
          <ActionIcon
            variant="subtle"
            color="gray"
            disabled={index === count - 1}
            onClick={() => onMove(index + 1, false)}
            aria-label={t("composer.parts.down", { number: index + 1 })}
            title={`${t("composer.parts.downShort")} (Alt ↓)`}
          >
            <IconArrowDown size={16} aria-hidden />
          </ActionIcon>
          <ActionIcon
            variant="subtle"
            color="gray"
            onClick={onRemove}
            aria-label={t("composer.parts.remove", { number: index + 1 })}
            title={t("common.remove")}
          >
            <IconTrash size={16} aria-hidden />
          </ActionIcon>
        </div>
      )}
    </div>
  );
}

function delayWords(minutes: number): string {
  if (minutes % 60 === 0) return i18n.t("composer.parts.afterHours", { count: minutes / 60 });
  return i18n.t("composer.parts.afterMinutes", { count: minutes });
}

function AddMedia({ onFiles, onPicked }: Pick<Props, "onFiles" | "onPicked">) {
  const { t } = useTranslation();
  const input = useRef<HTMLInputElement>(null);
  const [library, setLibrary] = useState(false);
  return (
    <>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        accept={TAKEN}
        onChange={(event) => {
          const files = [...(event.currentTarget.files ?? [])];
          event.currentTarget.value = "";
          if (files.length > 0) onFiles(files);
        }}
      />
      <Menu position="bottom-start">
        <Menu.Target>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            aria-label={t("composer.media.add")}
            title={t("composer.media.add")}
          >
            <IconPhotoPlus size={20} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={<IconUpload size={16} aria-hidden />}
            onClick={() => input.current?.click()}
          >
            {t("composer.media.fromDevice")}
          </Menu.Item>
          <Menu.Item
            leftSection={<IconLibraryPhoto size={16} aria-hidden />}
            onClick={() => setLibrary(true)}
          >
            {t("composer.media.fromLibrary")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Text size="xs" c="dimmed" visibleFrom="xs">
        {t("composer.media.hint")}
      </Text>
      {library && <LibraryModal onPicked={onPicked} onClose={() => setLibrary(false)} />}
    </>
  );
}
