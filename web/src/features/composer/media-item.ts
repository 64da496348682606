import { skipToken, useQuery } from "@tanstack/react-query";
import { keys } from "@/api/keys";
import type { Media } from "@/api/types";
import { useSession } from "@/app/session";
import type { MediaItem } from "./model";
import { mediaQuery } from "./queries";
import type { Upload } from "./uploads";

export interface ShownMedia {
  name: string;
  mime: string;
  /** What to draw: from this device while it is on its way, then from the server. */
  picture: string | null;
  media: Media | null;
  upload: Upload | null;
  error: unknown;
}

/** How many hundredths of another file made of this one are done; null when none is being made. */
export function useConversion(id: string | null): number | null {
  const { workspace } = useSession();
  const told = useQuery<number | null>({
    queryKey: keys.conversion(workspace.id, id ?? ""),
    queryFn: skipToken,
    gcTime: 60 * 60_000,
  });
  return told.data ?? null;
}

/** A file of a part, wherever it is known from. */
export function useShownMedia(item: MediaItem, files: ReadonlyMap<string, Upload>): ShownMedia {
  const { workspace } = useSession();
  const upload = files.get(item.key) ?? null;
  const query = useQuery({
    ...mediaQuery(workspace.id, item.id ?? ""),
    enabled: item.id !== null && !upload?.media,
  });
  const media = upload?.media ?? query.data ?? null;
  const mime = media?.mime ?? upload?.file.type ?? "";
  const stored = media && (media.thumbnail_url ?? (mime.startsWith("image/") ? media.url : null));
  return {
    name: media?.name ?? upload?.file.name ?? "",
    mime,
    picture: upload?.preview ?? stored ?? null,
    media,
    upload,
    error: query.error,
  };
}
