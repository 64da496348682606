import { asProblem, type Problem } from "@/api/problem";
import type { Post } from "@/api/types";
import { canonical } from "./merge";
import { isBlank, type Written } from "./model";

export type Phase = "clean" | "dirty" | "saving" | "saved" | "failed" | "conflict";

export interface SaveState {
  phase: Phase;
  post: { id: string; version: number } | null;
  problem: Problem | null;
}

export interface Transport {
  create: (input: Written, idempotencyKey: string) => Promise<Post>;
  update: (id: string, version: number, input: Written) => Promise<Post>;
}

interface Options {
  transport: Transport;
  newIdempotencyKey: () => string;
  /** The post being edited, as the server last gave it, with its content. */
  from?: { post: { id: string; version: number }; input: Written };
  /** A scheduled post is saved only when asked, or half a sentence could be published. */
  automatic: boolean;
  onState: (state: SaveState) => void;
  onCreated: (post: Post) => void;
  onSaved?: (post: Post) => void;
  delay?: number;
}

/** Somebody else has saved the post since we read it. */
export function isConflict(problem: Problem): boolean {
  return problem.status === 412 || (problem.status === 409 && problem.code.includes("version"));
}

const DELAY = 1200;
const LONGEST_WAIT = 10_000;
const RETRY_FIRST = 4000;
const RETRY_LONGEST = 60_000;

/**
 * Saves what is written a moment after the typing stops, one request at a time. The first save creates the post;
 * a create whose answer was lost is repeated word for word under its idempotency key, so that it makes one post.
 */
export class Autosave {
  private state: SaveState;
  private wanted: Written | null = null;
  private base: Written | null;
  private create: { key: string; input: Written } | null = null;
  private running: Promise<void> | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private firstChange = 0;
  private failures = 0;
  private submitting = false;
  private stopped = false;

  constructor(private readonly options: Options) {
    this.base = options.from?.input ?? null;
    this.state = { phase: "clean", post: options.from?.post ?? null, problem: null };
  }

  get current(): SaveState {
    return this.state;
  }

  /** What the server has, as of the version we know. */
  get saved(): Written | null {
    return this.base;
  }

  get unsaved(): boolean {
    return this.running !== null || !this.upToDate();
  }

  /** The content as it is now. */
  changed(input: Written) {
    if (this.submitting) return;
    this.wanted = input;
    if (this.upToDate()) {
      if (this.state.phase === "dirty") this.set({ phase: this.base ? "saved" : "clean" });
      clearTimeout(this.timer);
      return;
    }
    if (this.state.phase === "conflict") return;
    if (this.state.phase !== "saving") this.set({ phase: "dirty" });
    if (!this.options.automatic) return;
    const now = Date.now();
    this.firstChange ||= now;
    const delay = this.options.delay ?? DELAY;
    this.schedule(Math.max(0, Math.min(delay, this.firstChange + LONGEST_WAIT - now)));
  }

  /** Saves now what is not saved; settles when that is done or has failed. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    while (this.running) await this.running;
    if (this.upToDate() || this.state.phase === "conflict" || !this.wanted) return;
    await this.run(this.wanted);
  }

  /**
   * Saves exactly `input` (to schedule or to publish) after whatever is under way. Throws what went wrong. It is never
   * repeated by itself: a post goes out when somebody asks for it.
   */
  async submit(input: Written): Promise<Post> {
    clearTimeout(this.timer);
    this.submitting = true;
    try {
      while (this.running) await this.running;
      const before = this.wanted;
      this.wanted = input;
      const post = await this.run(input);
      if (post) return post;
      this.wanted = before;
      throw this.state.problem ?? new Error("not saved");
    } finally {
      this.submitting = false;
    }
  }

  /** After a conflict: `version` and `theirs` are what is on the server now; the next save goes over it. */
  rebase(version: number, theirs: Written, mine: Written) {
    if (!this.state.post) return;
    this.base = theirs;
    this.set({ phase: "dirty", post: { ...this.state.post, version }, problem: null });
    this.changed(mine);
  }

  /** Goes on after `stop`. */
  start() {
    this.stopped = false;
    if (this.wanted) this.changed(this.wanted);
  }

  /** No more saves by itself, and nobody is told any more. */
  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  /** The post is done with, sent or deleted: what is left unsaved is nobody's any more. */
  async abandon(): Promise<void> {
    this.stop();
    this.wanted = null;
    while (this.running) await this.running;
  }

  get over(): boolean {
    return this.stopped;
  }

  private upToDate(): boolean {
    if (!this.wanted) return true;
    if (this.base) return canonical(this.base) === canonical(this.wanted);
    return isBlank(this.wanted);
  }

  private schedule(wait: number) {
    clearTimeout(this.timer);
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      if (!this.running && this.wanted && !this.upToDate() && this.state.phase !== "conflict")
        void this.run(this.wanted);
    }, wait);
  }

  private run(input: Written): Promise<Post | null> {
    const sending = this.send(input);
    this.running = sending.then(
      () => undefined,
      () => undefined,
    );
    return sending;
  }

  private async send(input: Written): Promise<Post | null> {
    this.firstChange = 0;
    this.set({ phase: "saving" });
    try {
      const post = await this.write(input);
      this.failures = 0;
      this.base = input;
      this.running = null;
      this.set({ phase: "saved", post: { id: post.id, version: post.version }, problem: null });
      this.options.onSaved?.(post);
      if (this.wanted && !this.upToDate()) this.changed(this.wanted);
      return post;
    } catch (error) {
      this.running = null;
      this.failed(asProblem(error));
      return null;
    }
  }

  private async write(input: Written): Promise<Post> {
    const known = this.state.post;
    if (known) return this.options.transport.update(known.id, known.version, input);
    // What is created is a draft always: a create whose answer was lost must not have published anything.
    this.create ??= { key: this.options.newIdempotencyKey(), input: { ...input, state: "draft" } };
    const { key, input: first } = this.create;
    const post = await this.options.transport.create(first, key);
    this.create = null;
    this.base = first;
    this.set({ post: { id: post.id, version: post.version } });
    this.options.onCreated(post);
    if (canonical(first) === canonical(input)) return post;
    return this.options.transport.update(post.id, post.version, input);
  }

  private failed(problem: Problem) {
    const passing = problem.status === 0 || problem.status === 429 || problem.status >= 500;
    // A create that was refused made nothing; one whose answer was lost may have.
    if (!passing) this.create = null;
    if (isConflict(problem)) {
      this.set({ phase: "conflict", problem });
      return;
    }
    if (problem.status === 404 && this.state.post) {
      // Deleted elsewhere: what is written here is kept, and the next save makes a new post of it.
      this.base = null;
      this.set({ phase: "failed", post: null, problem });
      return;
    }
    this.set({ phase: "failed", problem });
    if (!passing || !this.options.automatic) return;
    this.failures += 1;
    this.schedule(
      problem.retryAfter
        ? problem.retryAfter * 1000
        : Math.min(RETRY_FIRST * 2 ** (this.failures - 1), RETRY_LONGEST),
    );
  }

  private set(change: Partial<SaveState>) {
    this.state = { ...this.state, ...change };
    if (!this.stopped) this.options.onState(this.state);
  }
}
