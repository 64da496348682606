import { IconCheck, IconPhoto } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { PostSummary } from "@/api/types";
import { NetworkMark } from "@/components/network-mark";
import { StateBadge } from "@/components/state-badge";
import { type CardContext, Clash, Round } from "./card";
import classes from "./list-view.module.css";

interface Props {
  post: PostSummary;
  due: string | null;
  context: CardContext;
}

/** A post as a line of a list: time, text, channels, state. */
export function PostRow({ post, due, context }: Props) {
  const { t } = useTranslation();
  const { format, channels, networks, selected } = context;
  // Of a video there is no small picture where nothing here can make one.
  const [broken, setBroken] = useState(false);
  const text = post.excerpt || t("calendar.noText");
  const names = post.publications.map(
    ({ channel_id, network }) => channels.get(channel_id)?.name ?? networks.get(network)?.name ?? network,
  );
  const marks = [...new Set(post.publications.map(({ network }) => network))].slice(0, 5);
  return (
    <Link
      to={due === null && post.state === "draft" ? "/posts/$id/edit" : "/posts/$id"}
      params={{ id: post.id }}
      className={classes.post}
      preload={false}
      data-post={post.id}
      data-selected={selected?.has(post.id) || undefined}
    >
      <span className={classes.time}>
        {selected && (
          <span className={classes.check} data-on={selected.has(post.id) || undefined}>
            {selected.has(post.id) && <IconCheck size={12} stroke={3} aria-hidden />}
            <span className="visually-hidden">
              {t(selected.has(post.id) ? "calendar.selected" : "calendar.notSelected")}
            </span>
          </span>
        )}
        {due ? format.time(due) : ""}
      </span>
      {post.thumbnail_url && !broken ? (
        <img
          src={post.thumbnail_url}
          alt=""
          className={classes.thumb}
          loading="lazy"
          width={36}
          height={36}
          onError={() => setBroken(true)}
        />
      ) : (
        <span className={classes.noThumb} data-file={post.media_count > 0 || undefined} aria-hidden>
          {post.media_count > 0 && <IconPhoto size={16} />}
        </span>
      )}
      <span className={classes.words}>
        <span className={classes.text}>{text}</span>
        <span className={classes.names}>
          <span className={classes.marks} aria-hidden>
            {marks.map((id) => (
              <NetworkMark
                key={id}
                id={id}
                name={networks.get(id)?.name ?? id}
                color={networks.get(id)?.color}
                size={14}
              />
            ))}
          </span>
          <Clash post={post} context={context} />
          <Round post={post} />
          <span className={classes.clip}>
            {names.length > 0 ? names.join(", ") : t("calendar.noChannels")}
          </span>
        </span>
      </span>
      <StateBadge state={post.state} />
    </Link>
  );
}
