import "@/i18n/connecting";
import { Avatar, Badge, Button, Checkbox, Group, Stack, Text, TextInput } from "@mantine/core";
import { IconClockHour4, IconRefresh, IconSearch } from "@tabler/icons-react";
import { type FormEvent, useDeferredValue, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { AttemptView, ChoiceView } from "@/api/types";
import { useSession } from "@/app/session";
import { DiagnosisView } from "@/components/diagnosis-view";
import { Empty } from "@/components/empty";
import { ProblemView } from "@/components/problem-view";
import { CancelButton } from "./cancel-button";
import { matching, tick, tickAll, tickedAtFirst, usable } from "./choices";
import classes from "./choosing-view.module.css";
import { minutesAndSeconds, useSecondsUntil } from "./countdown";
import { attempts, pictureOf } from "./queries";
import { useAttemptAction } from "./use-attempt-action";

/** From this many on, a list is searched rather than read. */
const SEARCHED = 8;

/** The second step: what the account that signed in is to be connected as. */
export function ChoosingView({ attempt, network }: { attempt: AttemptView; network: string }) {
  const { t } = useTranslation();
  if (!attempt.choosing) return <Text>{t("connect.choosing.elsewhere")}</Text>;
  return <Choose attempt={attempt} network={network} choosing={attempt.choosing} />;
}

interface Props {
  attempt: AttemptView;
  network: string;
  choosing: NonNullable<AttemptView["choosing"]>;
}

function Choose({ attempt, network, choosing }: Props) {
  const { t } = useTranslation();
  const { choices } = choosing;
  const list = useRef<HTMLFieldSetElement>(null);
  const [query, setQuery] = useState("");
  const [chosen, setChosen] = useState<ReadonlySet<string> | null>(null);
  const [missing, setMissing] = useState(false);
  const connect = useAttemptAction((workspace, ids: string[]) => attempts.choose(workspace, attempt.id, ids));
  const again = useAttemptAction((workspace) => attempts.continue(workspace, attempt.id));

  const shown = matching(choices, useDeferredValue(query));
  const ticked = chosen ?? tickedAtFirst(choices);
  // The list may have been read anew since.
  const picked = usable(choices).filter((choice) => ticked.has(choice.id));
  const hidden = picked.filter((choice) => !shown.includes(choice)).length;
  const able = usable(shown);
  const whole = able.length > 0 && able.every((choice) => ticked.has(choice.id));

  function change(next: ReadonlySet<string>) {
    setChosen(next);
    setMissing(false);
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    if (picked.length === 0) {
      setMissing(true);
      list.current?.querySelector<HTMLInputElement>("input:not(:disabled)")?.focus();
      return;
    }
    connect.mutate(picked.map((choice) => choice.id));
  }

  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <Text className={classes.wrap}>
          {t("connect.choosing.text", { network, account: attempt.account?.name ?? network })}
        </Text>
        {attempt.diagnosis && <DiagnosisView diagnosis={attempt.diagnosis} headingOrder={3} />}
        {usable(choices).length === 0 && <Text fw={600}>{t("connect.choosing.noneUsable")}</Text>}
        {choices.length >= SEARCHED && (
          <TextInput
            type="search"
            leftSection={<IconSearch size={16} aria-hidden />}
            placeholder={t("connect.choosing.search")}
            aria-label={t("connect.choosing.search")}
            value={query}
            onChange={(event) => setQuery(event.currentTarget.value)}
          />
        )}
        <fieldset className={classes.list} ref={list}>
          <legend className={classes.legend}>
            {t("connect.choosing.legend", { many: choosing.many, count: choices.length })}
          </legend>
          {able.length > 1 && (
            <Checkbox
              className={classes.all}
              label={t("connect.choosing.all", { count: able.length })}
              checked={whole}
              indeterminate={!whole && able.some((choice) => ticked.has(choice.id))}
              onChange={() => change(tickAll(ticked, shown))}
            />
          )}
          {shown.map((choice) => (
            <Row
              key={choice.id}
              attempt={attempt}
              choice={choice}
              ticked={ticked.has(choice.id) && !choice.unusable}
              onTick={() => change(tick(ticked, choice.id))}
            />
          ))}
          {shown.length === 0 && (
            <Empty
              icon={<IconSearch size={40} />}
              title={t("connect.choosing.noMatch", { query: query.trim() })}
              text={t("connect.choosing.noMatchText")}
            >
              <Button variant="default" onClick={() => setQuery("")}>
                {t("connect.choosing.showAll")}
              </Button>
            </Empty>
          )}
        </fieldset>
        {hidden > 0 && (
          <Text size="sm" c="dimmed">
            {t("connect.choosing.hidden", { count: hidden })}
          </Text>
        )}
        {missing && (
          <Text role="alert" c="var(--mantine-color-error)" size="sm">
            {t("connect.choosing.none")}
          </Text>
        )}
        {connect.error && <ProblemView error={connect.error} />}
        {again.error && <ProblemView error={again.error} />}
        <Group gap="xs">
          <Button type="submit" loading={connect.isPending} disabled={usable(choices).length === 0}>
            {picked.length === 0
              ? t("connect.choosing.connectNone")
              : t("connect.choosing.connect", { count: picked.length })}
          </Button>
          <Button
            variant="default"
            loading={again.isPending}
            leftSection={<IconRefresh size={18} aria-hidden />}
            onClick={() => again.mutate()}
          >
            {t("connect.choosing.again")}
          </Button>
          <CancelButton attempt={attempt} label={t("connect.wait.cancel")} />
        </Group>
        <TimeLeft until={attempt.expires_at} />
      </Stack>
    </form>
  );
}

interface RowProps {
  attempt: AttemptView;
  choice: ChoiceView;
  ticked: boolean;
  onTick: () => void;
}

function Row({ attempt, choice, ticked, onTick }: RowProps) {
  const { t } = useTranslation();
  const { workspace } = useSession();
  const picture = pictureOf(workspace.id, attempt.id, choice.id);
  return (
    <Checkbox
      className={classes.row}
      classNames={{ body: classes.body, labelWrapper: classes.words, label: classes.label }}
      checked={ticked}
      disabled={Boolean(choice.unusable)}
      onChange={onTick}
      label={
        <>
          <Avatar
            src={choice.has_picture ? picture : undefined}
            name={choice.name}
            alt=""
            size={36}
            radius="xl"
            imageProps={{ loading: "lazy" }}
            aria-hidden
          />
          <span className={classes.words}>
            <span className={classes.name}>{choice.name}</span>{" "}
            <span className={classes.quiet}>
              {choice.handle} · {choice.kind}
            </span>
            {choice.unusable && <span className={classes.why}>{choice.unusable}</span>}
          </span>
          {choice.channel_id && (
            <Badge variant="light" color="gray" className={classes.known}>
              {t("connect.choosing.known")}
            </Badge>
          )}
        </>
      }
    />
  );
}

function TimeLeft({ until }: { until: string }) {
  const { t } = useTranslation();
  const seconds = useSecondsUntil(until);
  return (
    <Group gap="xs" aria-live="off" wrap="nowrap">
      <IconClockHour4 size={18} aria-hidden />
      <Text size="sm">{t("connect.choosing.left", { time: minutesAndSeconds(seconds) })}</Text>
    </Group>
  );
}
