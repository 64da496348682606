import "@/i18n/composing";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { keys } from "@/api/keys";
import { asProblem } from "@/api/problem";
import type { Finding, Post } from "@/api/types";
import { useFormat } from "@/app/format";
import { useSession } from "@/app/session";
import { wallOf } from "@/app/zoned";
import { toast } from "@/components/toast";
import { isConflict } from "./autosave";
import { findingsOf } from "./findings";
import { inputOf, type Written } from "./model";
import type { Composer } from "./use-composer";

/** Schedules, publishes or keeps as a draft, and leaves when that is done. */
export function useSubmit(composer: Composer) {
  const { t } = useTranslation();
  const { workspace } = useSession();
  const client = useQueryClient();
  const navigate = useNavigate();
  const format = useFormat();
  const [refused, setRefused] = useState<Finding[]>([]);
  const [left, setLeft] = useState(false);

  const leave = (post: Post, state: Written["state"]) => {
    void composer.autosave.abandon();
    setLeft(true);
    client.setQueryData(keys.post(workspace.id, post.id), post);
    void client.invalidateQueries({ queryKey: keys.posts(workspace.id) });
    void client.invalidateQueries({ queryKey: keys.channels(workspace.id) });
    if (state === "now") {
      toast.done(t("composer.done.now"));
      return navigate({ to: "/posts/$id", params: { id: post.id }, ignoreBlocker: true });
    }
    const when = post.due_at ?? null;
    toast.done(
      state === "draft"
        ? t("composer.done.draft")
        : state === "next_slot"
          ? t("composer.done.queued", { when: when ? format.dateTime(when) : "" })
          : t("composer.done.scheduled", { when: when ? format.dateTime(when) : "" }),
    );
    const date = when ? wallOf(when, format.zone).date : undefined;
    return navigate({ to: "/calendar", search: { ...(date && { date }) }, ignoreBlocker: true });
  };

  const mutation = useMutation({
    mutationFn: (state: Written["state"]) => composer.autosave.submit(inputOf(composer.draft, state)),
    onMutate: () => setRefused([]),
    onSuccess: leave,
    onError: (error) => {
      const problem = asProblem(error);
      setRefused(findingsOf(problem));
      // What the send held back is saved as the draft it is.
      composer.autosave.changed(composer.mine);
    },
  });
  const problem = mutation.error ? asProblem(mutation.error) : null;
  return {
    submit: mutation.mutate,
    busy: mutation.isPending || left,
    left,
    /** What the server refused, on its fields. */
    refused,
    forgetRefused: () => setRefused((before) => (before.length > 0 ? [] : before)),
    /** What is wrong with no field: the network, the server, somebody else's change. */
    problem: problem && !isConflict(problem) && refused.length === 0 ? problem : null,
    reset: mutation.reset,
  };
}
