import { asProblem, type Problem } from "@/api/problem";
import type { Media } from "@/api/types";
import { newKey } from "./model";

export interface Upload {
  key: string;
  file: File;
  state: "waiting" | "sending" | "stored" | "failed";
  /** 0 to 1. */
  progress: number;
  problem: Problem | null;
  /** A picture of it from this device, while the server has none. */
  preview: string | null;
  media: Media | null;
}

export type SendFile = (
  file: File,
  onProgress: (share: number) => void,
  signal: AbortSignal,
) => Promise<Media>;

interface Options {
  send: SendFile;
  onStored: (key: string, media: Media) => void;
  /** How many go at once. */
  lanes?: number;
  /** Makes and drops the address of a preview; given in tests, where there are no object URLs. */
  previews?: { make: (file: File) => string; drop: (url: string) => void };
}

const objectUrls = {
  make: (file: File) => URL.createObjectURL(file),
  drop: (url: string) => URL.revokeObjectURL(url),
};

/** The files on their way to the server. One that failed stays, with its reason, until it is tried again or removed. */
export class Uploads {
  private items: ReadonlyMap<string, Upload> = new Map();
  private readonly stops = new Map<string, AbortController>();
  private readonly listeners = new Set<() => void>();
  private readonly lanes: number;
  private readonly previews: NonNullable<Options["previews"]>;

  constructor(private readonly options: Options) {
    this.lanes = options.lanes ?? 2;
    this.previews = options.previews ?? objectUrls;
  }

  readonly subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  };

  readonly snapshot = () => this.items;

  /** Takes files and gives their keys, in order. */
  add(files: readonly File[]): string[] {
    const next = new Map(this.items);
    const keys = files.map((file) => {
      const key = newKey();
      const shown = /^(image|video)\//.test(file.type);
      next.set(key, {
        key,
        file,
        state: "waiting",
        progress: 0,
        problem: null,
        preview: shown ? this.previews.make(file) : null,
        media: null,
      });
      return key;
    });
    this.set(next);
    this.pump();
    return keys;
  }

  retry(key: string) {
    if (this.items.get(key)?.state !== "failed") return;
    this.change(key, { state: "waiting", progress: 0, problem: null });
    this.pump();
  }

  /** Forgets every upload whose key is not among `keys`, and stops those under way. */
  keepOnly(keys: ReadonlySet<string>) {
    const gone = [...this.items.values()].filter((item) => !keys.has(item.key));
    if (gone.length === 0) return;
    const next = new Map(this.items);
    for (const item of gone) {
      this.stops.get(item.key)?.abort();
      this.stops.delete(item.key);
      if (item.preview) this.previews.drop(item.preview);
      next.delete(item.key);
    }
    this.set(next);
    this.pump();
  }

  private pump() {
    const all = [...this.items.values()];
    let free = this.lanes - all.filter((item) => item.state === "sending").length;
    for (const item of all) {
      if (free <= 0) return;
      if (item.state !== "waiting") continue;
      free -= 1;
      void this.send(item);
    }
  }

  private async send({ key, file }: Upload) {
    const stop = new AbortController();
    this.stops.set(key, stop);
    this.change(key, { state: "sending" });
    try {
      const media = await this.options.send(file, (progress) => this.change(key, { progress }), stop.signal);
      if (stop.signal.aborted) return;
      this.change(key, { state: "stored", progress: 1, media });
      this.options.onStored(key, media);
    } catch (error) {
      if (stop.signal.aborted) return;
      this.change(key, { state: "failed", problem: asProblem(error) });
    } finally {
      if (this.stops.get(key) === stop) this.stops.delete(key);
      this.pump();
    }
  }

  private change(key: string, change: Partial<Upload>) {
    const item = this.items.get(key);
    if (!item) return;
    this.set(new Map(this.items).set(key, { ...item, ...change }));
  }

  private set(items: ReadonlyMap<string, Upload>) {
    this.items = items;
    for (const listener of this.listeners) listener();
  }
}

/** What stands between the files and scheduling: those still going, those that failed. */
export function openUploads(items: ReadonlyMap<string, Upload>): { going: number; failed: number } {
  const all = [...items.values()];
  return {
    going: all.filter((item) => item.state === "waiting" || item.state === "sending").length,
    failed: all.filter((item) => item.state === "failed").length,
  };
}
