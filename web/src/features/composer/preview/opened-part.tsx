import "@/i18n/composing";
import type { ComponentType } from "react";
import { useTranslation } from "react-i18next";
import { useNetworkMap } from "@/app/queries";
import { SettingValue } from "../setting-value";
import { settingFields } from "../settings-schema";
import type { Shape } from "./looks";
import { Actions, Face, Files, type Shown, said, Words } from "./pieces";
import classes from "./preview.module.css";

/** The shapes that are more than words in a feed. */
const OPENED: Partial<Record<Shape, ComponentType<Shown>>> = {
  article: Article,
  picture: Picture,
  video: Video,
  reel: Reel,
  board: Board,
  pin: Pin,
  mail: Mail,
};

export const isOpened = (shape: Shape) => shape in OPENED;

/** A post that is more than words in a feed: a page, a picture with its caption, a film, a title in a community, a mail. */
export function OpenedPart(props: Shown) {
  const { shape } = props.look;
  const Opened = OPENED[shape];
  return (
    <article className={classes.post} data-layout={shape} data-last>
      {Opened && <Opened {...props} />}
    </article>
  );
}

function Byline({ channel, look, beside }: Shown & { beside?: string }) {
  const { t } = useTranslation();
  return (
    <header className={classes.byline}>
      <Face channel={channel} look={look} size={28} />
      <span className={classes.name}>{channel.name}</span>
      <span className={classes.time}>{beside ?? t("composer.preview.now")}</span>
    </header>
  );
}

function Heading({ settings, names = ["title"] }: { settings: Shown["settings"]; names?: string[] }) {
  const { t } = useTranslation();
  const title = said(settings, ...names);
  return (
    <p className={classes.heading}>
      {title || <span className={classes.blank}>{t("composer.preview.untitled")}</span>}
    </p>
  );
}

function Article(props: Shown) {
  const { settings } = props;
  const standfirst = said(settings, "subtitle", "excerpt", "description");
  const tags = Array.isArray(settings.tags) ? settings.tags.filter((tag) => typeof tag === "string") : [];
  return (
    <>
      <div className={classes.bleed}>
        <Files {...props} media={props.media.slice(0, 1)} />
      </div>
      <Heading settings={settings} />
      {standfirst && <p className={classes.standfirst}>{standfirst}</p>}
      <Byline {...props} />
      <Words {...props} media={[]} />
      <Files {...props} media={props.media.slice(1)} />
      {tags.length > 0 && <p className={classes.tags}>{tags.map((tag) => `#${tag}`).join(" ")}</p>}
    </>
  );
}

function Picture(props: Shown) {
  const { channel, look, settings } = props;
  const title = said(settings, "title");
  return (
    <>
      <Byline {...props} beside="" />
      <div className={classes.bleed}>
        {props.media.length > 0 ? <Files {...props} /> : <Missing square />}
      </div>
      <Actions look={look} />
      {title && <p className={classes.heading}>{title}</p>}
      <div className={classes.caption}>
        <span className={classes.name}>{look.handle(channel) || channel.name}</span> <Words {...props} />
      </div>
    </>
  );
}

function Video(props: Shown) {
  return (
    <>
      <div className={classes.bleed}>
        {props.media.length > 0 ? <Files {...props} media={props.media.slice(0, 1)} /> : <Missing />}
      </div>
      <Heading settings={props.settings} />
      <Byline {...props} />
      <Actions look={props.look} />
      <Words {...props} />
    </>
  );
}

function Reel(props: Shown) {
  const { channel, look } = props;
  return (
    <div className={classes.reel}>
      <div className={classes.behind}>
        {props.media.length > 0 ? <Files {...props} media={props.media.slice(0, 1)} /> : <Missing />}
      </div>
      <div className={classes.upon}>
        <span className={classes.name}>{look.handle(channel)}</span>
        <Words {...props} />
      </div>
      <Actions look={look} />
    </div>
  );
}

function Board(props: Shown) {
  const { channel, settings, look } = props;
  const { t } = useTranslation();
  const network = useNetworkMap().get(channel.network);
  const place = settingFields(network?.settings_schema).find(({ name }) =>
    ["subreddit", "community"].includes(name),
  );
  const community = place && said(settings, place.name);
  const link = said(settings, "url");
  return (
    <>
      <header className={classes.byline}>
        <Face channel={channel} look={look} size={24} />
        {community && (
          <span className={classes.name}>
            <SettingValue channel={channel.id} lookup={place.lookup ?? ""} value={community} />
          </span>
        )}
        <span className={classes.time}>
          {channel.handle} · {t("composer.preview.now")}
        </span>
      </header>
      <Heading settings={settings} />
      {link && <p className={classes.marked}>{link}</p>}
      <Files {...props} />
      <Words {...props} />
      <Actions look={look} />
    </>
  );
}

function Pin(props: Shown) {
  const link = said(props.settings, "link");
  return (
    <>
      {props.media.length > 0 ? <Files {...props} /> : <Missing square />}
      <Actions look={props.look} />
      {link && <p className={classes.marked}>{link}</p>}
      <Heading settings={props.settings} />
      <Words {...props} />
      <Byline {...props} beside="" />
    </>
  );
}

function Mail(props: Shown) {
  return (
    <>
      <Heading settings={props.settings} names={["subject"]} />
      <Byline {...props} />
      <Words {...props} media={[]} />
      <Files {...props} />
    </>
  );
}

/** Where a picture or a film has to be. */
function Missing({ square }: { square?: boolean }) {
  const { t } = useTranslation();
  return (
    <div className={classes.missing} data-square={square || undefined}>
      {t("composer.preview.noFile")}
    </div>
  );
}
