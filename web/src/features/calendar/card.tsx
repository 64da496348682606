import { useDraggable } from "@dnd-kit/core";
import { IconAlertTriangle, IconCheck, IconPhoto, IconRecycle, IconRepeat } from "@tabler/icons-react";
import { type KeyboardEvent, memo, useMemo } from "react";
import type { Channel, Network, PostSummary } from "@/api/types";
import type { Format } from "@/app/format";
import { NetworkMark } from "@/components/network-mark";
import { StateIcon } from "@/components/state-badge";
import { t } from "@/i18n";
import classes from "./card.module.css";
import type { Placed } from "./layout";

export interface CardContext {
  format: Format;
  channels: ReadonlyMap<string, Channel>;
  networks: ReadonlyMap<string, Network>;
  now: number;
  /** The posts that go out in the same minute as another on the same channel. */
  clashes: ReadonlySet<string>;
  /** The selected posts; none while a click opens a post. */
  selected: ReadonlySet<string> | null;
}

interface Props {
  item: Placed;
  context: CardContext;
  /** One line in the month, three in the hours. */
  lines: 1 | 3;
}

/**
 * A post in the calendar: a link to it that can be dragged, or picked up with M. There are hundreds, so it is a plain
 * link whose click the calendar takes (see `openInApp`), and its face is not drawn anew while something is dragged.
 */
export const Card = memo(function Card({ item, context, lines }: Props) {
  const { attributes, listeners, setNodeRef, isDragging } = useDraggable({
    id: item.post.id,
    data: { item },
  });
  const onKeyDown = (event: KeyboardEvent) => {
    // Enter opens the link; picking up has its own key (see `Keys`).
    listeners?.onKeyDown?.(event);
  };
  return (
    <a
      href={`/posts/${item.post.id}`}
      ref={setNodeRef}
      className={classes.card}
      data-state={item.post.state}
      data-lines={lines}
      data-dragging={isDragging || undefined}
      data-over={Date.parse(item.due) < context.now || undefined}
      data-post={item.post.id}
      data-selected={context.selected?.has(item.post.id) || undefined}
      data-nav
      tabIndex={-1}
      draggable={false}
      aria-describedby={attributes["aria-describedby"]}
      {...listeners}
      onKeyDown={onKeyDown}
    >
      <CardFace item={item} context={context} lines={lines} />
    </a>
  );
});

/** How a card looks; also what follows the pointer while it is dragged. */
export const CardFace = memo(function CardFace({ item: { post, due, twice }, context, lines }: Props) {
  const { format, channels, networks } = context;
  const marks = useMemo(
    () => [...new Set(post.publications.map(({ network }) => network))],
    [post.publications],
  );
  const time = twice ? format.timeWithOffset(due) : format.time(due);
  const text = post.excerpt || t("calendar.noText");
  const networkMarks = marks.slice(0, 4).map((id) => {
    const network = networks.get(id);
    return <NetworkMark key={id} id={id} name={network?.name ?? id} color={network?.color} size={14} />;
  });
  // The marks are pictures: the channels' names stand in for them when the card is read aloud.
  const names = (
    <span className="visually-hidden">
      {post.publications.length === 0
        ? t("calendar.noChannels")
        : post.publications
            .map(({ channel_id, network }) => channels.get(channel_id)?.name ?? network)
            .join(", ")}
    </span>
  );
  if (lines === 1) {
    return (
      <>
        <StateIcon state={post.state} />
        <span className={classes.time}>{time}</span>
        <span className={classes.text}>{text}</span>
        <Clash post={post} context={context} />
        <Round post={post} />
        <span className={classes.marks}>{networkMarks.slice(0, 2)}</span>
        {names}
        <Selected post={post} context={context} />
      </>
    );
  }
  return (
    <>
      <span className={classes.head}>
        <span className={classes.time}>{time}</span>
        <span className={classes.marks}>{networkMarks}</span>
      </span>
      <span className={classes.text}>{text}</span>
      <span className={classes.foot} data-state={post.state}>
        <span className={classes.icon} aria-hidden>
          <StateIcon state={post.state} />
        </span>
        <span className={classes.word}>{t(`common.state.${post.state}`)}</span>
        <Clash post={post} context={context} />
        <Round post={post} />
        {post.media_count > 0 && (
          <span className={classes.media} title={t("calendar.media", { count: post.media_count })}>
            <IconPhoto size={13} aria-hidden />
            {post.media_count}
          </span>
        )}
      </span>
      {names}
      <Selected post={post} context={context} />
    </>
  );
});

/** Marks what comes again. */
export function Round({ post }: { post: PostSummary }) {
  if (!post.series_id && !post.queue_id) return null;
  const word = t(post.series_id ? "calendar.repeats" : "calendar.evergreen");
  return (
    <span className={classes.round} title={word}>
      {post.series_id ? <IconRepeat size={12} aria-hidden /> : <IconRecycle size={12} aria-hidden />}
      <span className="visually-hidden">{word}</span>
    </span>
  );
}

/** Marks what goes out in the same minute as another on the same channel. */
export function Clash({ post, context }: { post: PostSummary; context: CardContext }) {
  if (!context.clashes.has(post.id)) return null;
  const word = t("calendar.clash");
  return (
    <span className={classes.clash} title={word}>
      <IconAlertTriangle size={12} aria-hidden />
      <span className="visually-hidden">{word}</span>
    </span>
  );
}

/** Says of a selected post that it is. */
function Selected({ post, context }: { post: PostSummary; context: CardContext }) {
  if (!context.selected?.has(post.id)) return null;
  return (
    <span className={classes.check}>
      <IconCheck size={11} stroke={3} aria-hidden />
      <span className="visually-hidden">{t("calendar.selected")}</span>
    </span>
  );
}
