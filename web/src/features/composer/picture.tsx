import { IconFile, IconMovie, IconMusic, IconPhoto } from "@tabler/icons-react";
import { useState } from "react";
import type { ShownMedia } from "./media-item";

interface Props {
  shown: ShownMedia;
  alt: string;
  className?: string;
  /** A server's thumbnail is small; the full picture is asked for where it is shown large. */
  full?: boolean;
}

/** A file as a picture, or its kind's sign where it has none. */
export function Picture({ shown, alt, className, full }: Props) {
  const [broken, setBroken] = useState<string | null>(null);
  const local = shown.upload?.preview ?? null;
  const isVideo = shown.mime.startsWith("video/");
  const whole = full && shown.media && shown.mime.startsWith("image/") ? shown.media.url : null;
  const source = local ?? whole ?? shown.picture;
  // A video plays where it is shown large, and shows its first picture where nothing has made a still of it.
  const film = isVideo ? (local ?? (full || !shown.picture ? shown.media?.url : null)) : null;
  if (film && broken !== film) {
    return (
      <video
        src={full ? film : `${film}#t=0.1`}
        poster={full && !local ? (shown.picture ?? undefined) : undefined}
        className={className}
        controls={full}
        muted={!full}
        playsInline
        preload="metadata"
        aria-label={alt}
        onError={() => setBroken(film)}
      />
    );
  }
  if (source && broken !== source && !(isVideo && source === local)) {
    return (
      <img src={source} alt={alt} className={className} draggable={false} onError={() => setBroken(source)} />
    );
  }
  const Sign = isVideo
    ? IconMovie
    : shown.mime.startsWith("audio/")
      ? IconMusic
      : shown.mime.startsWith("image/")
        ? IconPhoto
        : IconFile;
  return (
    <span className={className} data-sign role="img" aria-label={alt}>
      <Sign size={28} stroke={1.5} aria-hidden />
    </span>
  );
}
