import { Button, Group, Skeleton, Stack, Text, Title } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useChannels, useNetworks } from "@/app/queries";
import { useSession } from "@/app/session";
import { ButtonLink } from "@/components/links";
import { Page } from "@/components/page";
import { ProblemView } from "@/components/problem-view";
import classes from "./page.module.css";
import { useFirstRun } from "./state";

/** The first run: connect, write, schedule. */
export function WelcomePage() {
  const { t } = useTranslation();
  const { user } = useSession();
  const run = useFirstRun();
  const navigate = useNavigate();
  const leave = () => {
    run.dismiss();
    void navigate({ to: "/calendar" });
  };
  const current = !run.connected ? 1 : !run.written ? 2 : !run.scheduled ? 3 : 4;
  return (
    <Page
      title={t("welcome.title")}
      heading={t("welcome.heading", { name: user.name })}
      lead={run.done ? t("welcome.finishedText") : t("welcome.lead")}
      width="narrow"
    >
      {run.error ? <ProblemView error={run.error} /> : null}
      {run.loading ? (
        <Stack aria-hidden>
          {[1, 2, 3].map((key) => (
            <Skeleton key={key} h={110} radius="md" />
          ))}
        </Stack>
      ) : (
        <ol className={classes.steps}>
          <ConnectStep current={current === 1} done={run.connected} />
          <WriteStep current={current === 2} done={run.written} connected={run.connected} draft={run.draft} />
          <ScheduleStep current={current === 3} done={run.scheduled} draft={run.draft} />
        </ol>
      )}
      <Group mt="lg" gap="xs">
        {run.done ? (
          <Button onClick={leave}>{t("welcome.toCalendar")}</Button>
        ) : (
          <Button variant="subtle" onClick={leave}>
            {t("welcome.skip")}
          </Button>
        )}
      </Group>
    </Page>
  );
}

interface StepProps {
  number: 1 | 2 | 3;
  title: string;
  text: string;
  done: boolean;
  doneText: string;
  current: boolean;
  children: ReactNode;
}

function Step({ number, title, text, done, doneText, current, children }: StepProps) {
  const { t } = useTranslation();
  return (
    <li
      className={classes.step}
      data-current={current || undefined}
      aria-current={current ? "step" : undefined}
    >
      <span className={classes.number} data-done={done || undefined}>
        {done ? <IconCheck size={18} aria-hidden /> : <span aria-hidden>{number}</span>}
        <span className="visually-hidden">
          {done ? t("welcome.stepDone") : t("welcome.step", { number })}
        </span>
      </span>
      <div className={classes.words}>
        <Title order={2} size="h4">
          {title}
        </Title>
        <Text size="sm" c="dimmed">
          {done ? doneText : text}
        </Text>
        {current && (
          <Group gap="xs" mt="sm">
            {children}
          </Group>
        )}
      </div>
    </li>
  );
}

function ConnectStep({ current, done }: { current: boolean; done: boolean }) {
  const { t } = useTranslation();
  const channels = useChannels();
  const networks = useNetworks();
  const playground = networks.data?.some(({ id }) => id === "playground") ?? false;
  const names = channels.data?.map(({ name }) => name) ?? [];
  return (
    <Step
      number={1}
      title={t("welcome.connect.title")}
      text={playground ? t("welcome.connect.text") : t("welcome.connect.textPlain")}
      done={done}
      doneText={t("welcome.connect.done", { names: names.slice(0, 5).join(", ") })}
      current={current}
    >
      {playground && (
        <ButtonLink to="/channels/add/$network" params={{ network: "playground" }}>
          {t("welcome.connect.playground")}
        </ButtonLink>
      )}
      <ButtonLink to="/channels/add" variant={playground ? "default" : "filled"}>
        {playground ? t("welcome.connect.other") : t("welcome.connect.add")}
      </ButtonLink>
    </Step>
  );
}

interface WriteProps {
  current: boolean;
  done: boolean;
  connected: boolean;
  draft: string | undefined;
}

function WriteStep({ current, done, connected, draft }: WriteProps) {
  const { t } = useTranslation();
  return (
    <Step
      number={2}
      title={t("welcome.write.title")}
      text={connected ? t("welcome.write.text") : t("welcome.write.first")}
      done={done}
      doneText={t("welcome.write.done")}
      current={current}
    >
      {draft ? (
        <ButtonLink to="/posts/$id/edit" params={{ id: draft }}>
          {t("welcome.write.goOn")}
        </ButtonLink>
      ) : (
        <ButtonLink to="/posts/new">{t("welcome.write.action")}</ButtonLink>
      )}
    </Step>
  );
}

function ScheduleStep({
  current,
  done,
  draft,
}: {
  current: boolean;
  done: boolean;
  draft: string | undefined;
}) {
  const { t } = useTranslation();
  return (
    <Step
      number={3}
      title={t("welcome.schedule.title")}
      text={current ? t("welcome.schedule.text") : t("welcome.schedule.first")}
      done={done}
      doneText={t("welcome.schedule.done")}
      current={current}
    >
      {draft ? (
        <ButtonLink to="/posts/$id/edit" params={{ id: draft }}>
          {t("welcome.schedule.action")}
        </ButtonLink>
      ) : (
        <ButtonLink to="/posts/new">{t("welcome.write.action")}</ButtonLink>
      )}
    </Step>
  );
}
