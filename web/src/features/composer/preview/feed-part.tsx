import "@/i18n/composing";
import { useTranslation } from "react-i18next";
import { Actions, Face, Files, type Shown, said, Words } from "./pieces";
import classes from "./preview.module.css";

interface Props extends Shown {
  /** It stands below something else. */
  isComment: boolean;
  isLast: boolean;
}

/** A post of a feed, or a line of a conversation. */
export function FeedPart(props: Props) {
  const { t } = useTranslation();
  const { channel, settings, look, isComment, isLast } = props;
  const warning = said(settings, "spoiler_text", "cw");
  const title = isComment ? "" : said(settings, "title", "eventTitle");
  const link = isComment ? "" : said(settings, "link");
  const layout = isComment ? "beside" : look.shape;
  const time = (
    <span className={classes.time}>
      {isComment ? t("composer.preview.now") : look.time(t("composer.preview.now"))}
    </span>
  );
  const handle = isComment ? "" : look.handle(channel);
  const names = (
    <div className={classes.names}>
      <span className={classes.name}>{channel.name}</span>
      {handle && <span className={classes.handle}>{handle}</span>}
    </div>
  );
  const body = (
    <>
      {warning && (
        <div className={classes.warning}>
          <span>{warning}</span>
          <span className={classes.more}>{t("composer.preview.more")}</span>
        </div>
      )}
      {title && <p className={classes.heading}>{title}</p>}
      <Words {...props} />
      <Files {...props} />
      {link && <p className={classes.marked}>{link}</p>}
      {!isComment && <Actions look={look} />}
    </>
  );
  const mark = { "data-layout": layout, "data-last": isLast || undefined };
  if (layout === "stream") {
    return (
      <article className={classes.post} {...mark}>
        <span className={classes.speaker}>{channel.name}: </span>
        <Words {...props} />
      </article>
    );
  }
  if (layout === "stacked") {
    return (
      <article className={classes.post} {...mark}>
        <header className={classes.head}>
          <Face channel={channel} look={look} size={40} />
          {names}
          {time}
        </header>
        <div className={classes.body}>{body}</div>
      </article>
    );
  }
  return (
    <article className={classes.post} {...mark}>
      <div className={classes.side}>
        <Face channel={channel} look={look} size={isComment ? 28 : 38} />
      </div>
      <div className={classes.body}>
        <header className={classes.line}>
          {names}
          {time}
        </header>
        {body}
      </div>
    </article>
  );
}
