import "@/i18n/composing";
import { Button, Group, Paper, Stack, Tabs, Text } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Finding, Post } from "@/api/types";
import { useChannels, useNetworkMap } from "@/app/queries";
import { Page } from "@/components/page";
import { ProblemView } from "@/components/problem-view";
import { toast } from "@/components/toast";
import { ChannelPicker } from "./channel-picker";
import classes from "./composer-form.module.css";
import { ConflictModal } from "./conflict-modal";
import { DraftMenu } from "./draft-menu";
import { findingsAt, groupFindings, type Place, placeOf, without, withRefused } from "./findings";
import { FindingsPanel } from "./findings-panel";
import { focusPlace } from "./focus-place";
import { LeaveModal } from "./leave-modal";
import { type Draft, GLOBAL, inputOf, isBlank, type Scope, type Written } from "./model";
import { OccurrenceScope } from "./occurrence-scope";
import { PreviewPanel } from "./preview/panel";
import { RecoveryBanner } from "./recovery-banner";
import { SaveStatus } from "./save-status";
import { dueProblem } from "./schedule";
import { type Mode, SchedulePanel } from "./schedule-panel";
import { ScopePanel } from "./scope-panel";
import { ScopeTabs } from "./scope-tabs";
import { useCheck } from "./use-check";
import { useComposer } from "./use-composer";
import { useNow } from "./use-now";
import { useSubmit } from "./use-submit";

interface Props {
  post: Post | null;
  start: Draft;
  onCreated: (id: string) => void;
  onOther: () => void;
}

const DUE: Place = { scope: GLOBAL, part: 0, field: "due" };
const DUE_CODES = ["due_at.past", "due_at.missing"];
/** Said beside the channels, with a way to mend it. */
const CHANNEL_CODES = ["channel.needs_reconnect", "channel.disabled"];
const CHANNELS: Place = { scope: GLOBAL, part: 0, field: "channels" };

export function ComposerForm({ post, start, onCreated, onOther }: Props) {
  const { t } = useTranslation();
  const composer = useComposer({ post, start, onCreated, onOther });
  const { draft, dispatch, automatic, open } = composer;
  const submit = useSubmit(composer);
  const channels = useChannels().data ?? [];
  const networks = useNetworkMap();
  const [mode, setMode] = useState<Mode>("scheduled");
  const occurrence = post?.series_id ? post : null;
  const [wantedScope, setScope] = useState<Scope>(GLOBAL);
  const [tried, setTried] = useState(false);
  const now = useNow();

  const picked = draft.channels.flatMap((id) => channels.find((channel) => channel.id === id) ?? []);
  const scope = wantedScope === GLOBAL || draft.channels.includes(wantedScope) ? wantedScope : GLOBAL;
  const asked: Written["state"] = mode === "scheduled" ? (draft.due ? "scheduled" : "draft") : mode;
  const input = useMemo(() => inputOf(draft, asked), [draft, asked]);
  const check = useCheck(input);
  const due = mode === "scheduled" ? dueProblem(draft.due, draft.zone, now) : null;
  // An empty page is no mistake yet, and what the time field says itself is not said twice.
  const quiet = isBlank(input) && !tried;
  const groups = useMemo(
    () =>
      quiet
        ? []
        : without(
            groupFindings(withRefused(check.data, submit.refused)),
            due ? [...CHANNEL_CODES, ...DUE_CODES] : CHANNEL_CODES,
          ),
    [check.data, submit.refused, quiet, due],
  );
  const { forgetRefused } = submit;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was refused is history once the draft is another
  useEffect(() => forgetRefused(), [draft]);

  const dueError =
    due === "past"
      ? t("composer.when.past")
      : due === "missing" && tried
        ? t("composer.when.missing")
        : (findingsAt(groups, DUE)[0]?.message ?? null);
  const noChannel = tried && draft.channels.length === 0 ? t("composer.channels.needed") : null;
  const jump = (place: Place) => {
    if (place.field === "due") setMode("scheduled");
    setScope(place.scope);
    focusPlace(place);
  };
  const go = (state: Written["state"]) => {
    if (submit.busy) return;
    setTried(true);
    if (state !== "draft") {
      if (draft.channels.length === 0) return jump(CHANNELS);
      if (state === "scheduled" && dueProblem(draft.due, draft.zone, Date.now())) return jump(DUE);
      const wrong = check.stale ? undefined : firstError(groups.flatMap((group) => group.findings));
      if (wrong) return jump(placeOf(wrong.pointer));
    }
    if (open.going + open.failed > 0) return;
    const at = document.activeElement;
    submit.submit(state, {
      // The page was inert while it was sent, which takes the focus away.
      onError: () =>
        requestAnimationFrame(() => at instanceof HTMLElement && at.focus({ preventScroll: true })),
    });
  };
  const saveNow = () => {
    if (!automatic) return go(mode);
    void composer.autosave.flush().then(() => {
      if (composer.autosave.current.phase === "saved") toast.done(t("composer.save.saved"), "composer-saved");
    });
  };
  const unlessAsked = (act: () => void) => () => {
    if (!document.querySelector("[role=dialog]")) act();
  };
  useHotkeys(
    [
      ["mod+Enter", unlessAsked(() => go(mode))],
      ["mod+S", unlessAsked(saveNow)],
    ],
    [],
    true,
  );

  const nameOf = (id: string) => {
    const channel = channels.find((it) => it.id === id);
    if (!channel) return t("composer.channels.gone");
    return `${channel.name} · ${networks.get(channel.network)?.name ?? channel.network}`;
  };
  const networkOf = (id: string) => {
    const channel = channels.find((it) => it.id === id);
    return channel ? (networks.get(channel.network)?.name ?? channel.network) : t("composer.channels.gone");
  };

  return (
    <Page
      title={t(post ? (automatic ? "composer.draftTitle" : "composer.editTitle") : "composer.newTitle")}
      actions={
        <>
          <SaveStatus composer={composer} />
          <DraftMenu composer={composer} />
        </>
      }
    >
      <RecoveryBanner composer={composer} />
      <div className={classes.layout} inert={submit.busy}>
        <Stack gap="md" miw={0}>
          <ChannelPicker
            channels={channels}
            picked={draft.channels}
            error={noChannel}
            onToggle={(channel, on) => dispatch({ type: "channel", channel, on })}
            onSet={(all) => dispatch({ type: "channels", channels: all })}
          />
          <Tabs value={scope} onChange={(value) => setScope(value ?? GLOBAL)} keepMounted={false}>
            {picked.length > 0 && <ScopeTabs draft={draft} channels={picked} groups={groups} />}
            <Tabs.Panel value={scope} pt={picked.length > 0 ? "sm" : 0}>
              <ScopePanel
                key={scope}
                composer={composer}
                scope={scope}
                channel={picked.find((channel) => channel.id === scope) ?? null}
                check={check}
                groups={groups}
                networkOf={networkOf}
              />
            </Tabs.Panel>
          </Tabs>
        </Stack>
        <div className={classes.aside}>
          <Paper withBorder p="sm">
            <Stack gap="sm">
              <SchedulePanel
                mode={mode}
                due={draft.due}
                zone={draft.zone}
                now={now}
                error={dueError}
                onMode={setMode}
                onDue={(value) => dispatch({ type: "due", due: value })}
                onZone={(zone) => dispatch({ type: "zone", zone })}
                channels={draft.channels}
                post={composer.save.post?.id ?? null}
                repeat={draft.repeat}
                occurrences={check.data?.occurrences ?? []}
                canRepeat={!post?.kept_in && (occurrence === null || composer.following)}
                onRepeat={(repeat) => dispatch({ type: "repeat", repeat })}
              />
              {occurrence && <OccurrenceScope composer={composer} />}
              {submit.problem && <ProblemView error={submit.problem} errors={[]} />}
              <Uploading tried={tried} going={open.going} failed={open.failed} />
              <Group gap="xs" grow preventGrowOverflow={false}>
                <Button variant="default" onClick={() => go("draft")} disabled={submit.busy}>
                  {t(automatic ? "composer.submit.draft" : "composer.submit.toDraft")}
                </Button>
                <Button
                  onClick={() => go(mode)}
                  loading={submit.busy}
                  aria-keyshortcuts="Control+Enter"
                  title={t("composer.submit.keys")}
                >
                  {t(SUBMITS[mode] ?? (automatic ? "composer.submit.schedule" : "composer.submit.save"))}
                </Button>
              </Group>
            </Stack>
          </Paper>
          <FindingsPanel
            groups={groups}
            fine={check.data?.ok === true && !quiet}
            checking={check.stale}
            error={check.error}
            channelName={nameOf}
            onJump={(finding) => jump(placeOf(finding.pointer))}
            onRetry={check.retry}
          />
          <PreviewPanel composer={composer} scope={scope} check={check} channels={picked} />
        </div>
      </div>
      <ConflictModal composer={composer} />
      <LeaveModal composer={composer} left={submit.left} />
    </Page>
  );
}

const SUBMITS = { now: "composer.submit.now", next_slot: "composer.submit.queue", scheduled: null } as const;

const firstError = (findings: Finding[]) => findings.find((finding) => finding.severity === "error");

/** Files that are not there yet hold the post back; said once somebody wants to send it. */
function Uploading({ tried, going, failed }: { tried: boolean; going: number; failed: number }) {
  const { t } = useTranslation();
  if (!tried || going + failed === 0) return null;
  return (
    <Text size="sm" role="alert" c="var(--mantine-color-error)">
      {failed > 0
        ? t("composer.media.failed", { count: failed })
        : t("composer.media.going", { count: going })}
    </Text>
  );
}
