import { Skeleton } from "@mantine/core";
import { IconFileUnknown, IconMovie } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, call } from "@/api/client";
import { keys } from "@/api/keys";
import { Problem } from "@/api/problem";
import type { Part } from "@/api/types";
import { useSession } from "@/app/session";
import { useConversion } from "@/features/composer/media-item";
import classes from "./content.module.css";

/** The files of a part with their descriptions. */
export function PartMedia({ media }: { media: Part["media"] }) {
  return (
    <ul className={classes.media}>
      {media.map((item, index) => (
        <Item key={`${item.id} ${index.toString()}`} id={item.id} alt={item.alt ?? ""} />
      ))}
    </ul>
  );
}

function Item({ id, alt }: { id: string; alt: string }) {
  const { t } = useTranslation();
  const { workspace } = useSession();
  const file = useQuery({
    queryKey: keys.mediaOne(workspace.id, id),
    staleTime: 60_000,
    queryFn: ({ signal }) =>
      call(
        api.GET("/api/v1/workspaces/{workspace}/media/{id}", {
          params: { path: { workspace: workspace.id, id } },
          signal,
        }),
      ),
  });
  const percent = useConversion(id);
  const words = alt || file.data?.alt || "";
  const gone = file.error instanceof Problem && file.error.status === 404;
  return (
    <li>
      <figure className={classes.figure}>
        {file.isPending ? <Skeleton className={classes.frame} /> : <Frame file={file.data} alt={words} />}
        <figcaption className={classes.caption} title={words || undefined}>
          {percent !== null && `${t("post.converting", { percent })} · `}
          {gone ? t("post.mediaGone") : file.error ? t("common.problem.title") : words || t("post.noAlt")}
        </figcaption>
      </figure>
    </li>
  );
}

interface FrameProps {
  file: { mime: string; url: string; thumbnail_url?: string | null; name: string } | undefined;
  alt: string;
}

function Frame({ file, alt }: FrameProps) {
  if (!file) {
    return (
      <div className={classes.frame}>
        <IconFileUnknown size={28} aria-hidden />
      </div>
    );
  }
  const picture = file.thumbnail_url ?? (file.mime.startsWith("image/") ? file.url : null);
  return (
    <a
      className={classes.frame}
      href={file.url}
      target="_blank"
      rel="noreferrer"
      aria-label={alt || file.name}
    >
      {picture ? <img src={picture} alt="" loading="lazy" /> : <IconMovie size={28} aria-hidden />}
    </a>
  );
}
