import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useReducer, useRef, useState, useSyncExternalStore } from "react";
import { keys } from "@/api/keys";
import type { Post } from "@/api/types";
import { useSession } from "@/app/session";
import { Autosave, type SaveState } from "./autosave";
import { mergeInputs } from "./merge";
import {
  type Draft,
  draftFrom,
  inputOf,
  inputOfPost,
  isEditable,
  mediaKeys,
  reduce,
  type Written,
  withFreshKeys,
} from "./model";
import { composedPostQuery, newIdempotencyKey, transport } from "./queries";
import { type Kept, recovery } from "./recovery";
import { sendFile } from "./send-file";
import { openUploads, Uploads } from "./uploads";

interface Options {
  /** The post that is edited; null writes a new one. */
  post: Post | null;
  start: Draft;
  onCreated: (id: string) => void;
  /** The post is another than the one this was opened on: scheduled meanwhile, or out. */
  onOther: () => void;
}

export type Composer = ReturnType<typeof useComposer>;

/** A draft under work: its content, its saving, its uploads, what was kept of an earlier session. */
export function useComposer({ post, start, onCreated, onOther }: Options) {
  const { workspace } = useSession();
  const client = useQueryClient();
  const ws = workspace.id;
  const [draft, dispatch] = useReducer(reduce, start);
  // Of a post that repeats, one alone is what people mostly mean to change.
  const [following, setFollowing] = useState(false);
  const followingNow = useRef(following);
  followingNow.current = following;
  // Only a draft saves itself: half a sentence of a scheduled post could be published.
  const automatic = post === null || post.state === "draft";
  const [offered, setOffered] = useState<Kept | null>(() => offer(ws, post, start));
  const mounted = useRef(true);
  const told = useRef({ onCreated, onOther });
  told.current = { onCreated, onOther };

  const [save, setSave] = useState<SaveState>({
    phase: "clean",
    post: post && { id: post.id, version: post.version },
    problem: null,
  });
  const [autosave] = useState(
    () =>
      new Autosave({
        transport: transport(ws, () => followingNow.current),
        newIdempotencyKey,
        automatic,
        from: post ? { post: { id: post.id, version: post.version }, input: inputOfPost(post) } : undefined,
        onState: setSave,
        onCreated: (made) => {
          recovery.forget(ws, null);
          if (mounted.current) told.current.onCreated(made.id);
        },
        onSaved: (saved) => {
          if (!autosave.unsaved) recovery.forget(ws, saved.id);
          void client.invalidateQueries({ queryKey: keys.posts(ws) });
          void client.invalidateQueries({ queryKey: keys.post(ws, saved.id), exact: true });
        },
      }),
  );
  const [uploads] = useState(
    () =>
      new Uploads({
        send: sendFile(ws),
        onStored: (key, media) => {
          client.setQueryData(keys.mediaOne(ws, media.id), media);
          dispatch({ type: "uploaded", media: key, id: media.id, alt: media.alt });
        },
      }),
  );
  const files = useSyncExternalStore(uploads.subscribe, uploads.snapshot);

  useEffect(() => {
    mounted.current = true;
    autosave.start();
    return () => {
      mounted.current = false;
      if (automatic) void autosave.flush();
      autosave.stop();
    };
  }, [autosave, automatic]);

  const saving: Written["state"] = automatic ? "draft" : "scheduled";
  const mine = useMemo(() => inputOf(draft, saving), [draft, saving]);
  useEffect(() => autosave.changed(mine), [autosave, mine]);
  useEffect(() => uploads.keepOnly(mediaKeys(draft)), [uploads, draft]);
  useKeeping({ ws, draft, autosave, paused: offered !== null });

  const id = save.post?.id ?? null;
  const latest = useQuery({ ...composedPostQuery(ws, id ?? ""), enabled: id !== null });
  useEffect(() => {
    const theirs = latest.data;
    const known = save.post;
    if (!theirs || !known || theirs.id !== known.id || theirs.version <= known.version) return;
    if (autosave.over || autosave.unsaved || save.phase === "conflict") return;
    if ((theirs.state === "draft") !== automatic || !isEditable(theirs)) {
      told.current.onOther();
      return;
    }
    const input = inputOfPost(theirs);
    autosave.rebase(theirs.version, input, input);
    dispatch({ type: "replace", draft: draftFrom(theirs, theirs.time_zone) });
  }, [latest.data, save, autosave, automatic]);

  const resolve = (theirs: Post, how: "merge" | "mine" | "theirs") => {
    const input = inputOfPost(theirs);
    if (how === "theirs") {
      autosave.rebase(theirs.version, input, input);
      dispatch({ type: "replace", draft: draftFrom(theirs, theirs.time_zone) });
    } else if (how === "mine") {
      autosave.rebase(theirs.version, input, mine);
    } else {
      const merged = mergeInputs(autosave.saved ?? input, mine, input).input;
      autosave.rebase(theirs.version, input, merged);
      dispatch({
        type: "replace",
        draft: draftFrom(merged, draft.zone),
      });
    }
  };

  return {
    draft,
    dispatch,
    automatic,
    following,
    setFollowing,
    save,
    autosave,
    mine,
    uploads,
    files,
    open: openUploads(files),
    offered,
    restore: () => {
      if (offered) dispatch({ type: "replace", draft: withFreshKeys(offered.draft) });
      setOffered(null);
    },
    throwAway: () => {
      recovery.forget(ws, id);
      if (id) recovery.forget(ws, null);
      setOffered(null);
    },
    resolve,
  };
}

/** What was kept on this device and says something else than the server does. */
function offer(ws: string, post: Post | null, start: Draft): Kept | null {
  const kept = recovery.read(ws, post?.id ?? null);
  if (!kept) return null;
  const same = JSON.stringify(inputOf(kept.draft, "draft")) === JSON.stringify(inputOf(start, "draft"));
  return same ? null : kept;
}

/** Keeps on this device what the server does not have yet. */
function useKeeping({
  ws,
  draft,
  autosave,
  paused,
}: {
  ws: string;
  draft: Draft;
  autosave: Autosave;
  paused: boolean;
}) {
  useEffect(() => {
    if (paused) return;
    const id = autosave.current.post?.id ?? null;
    if (!autosave.unsaved) return recovery.forget(ws, id);
    const base = autosave.saved;
    const version = autosave.current.post?.version;
    recovery.keep(ws, id, {
      draft,
      base: base && version !== undefined ? { version, input: base } : null,
      at: new Date().toISOString(),
    });
  }, [ws, draft, autosave, paused]);
}
