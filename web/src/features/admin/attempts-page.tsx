import "@/i18n/connecting";
import "@/i18n/administering";
import { Button, Group, Select, Skeleton, Stack, Text, TextInput } from "@mantine/core";
import { DateTimePicker } from "@mantine/dates";
import { IconHistory } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { LoggedAttempt } from "@/api/types";
import { useFormat } from "@/app/format";
import { useNetworkMap, useNetworks } from "@/app/queries";
import { useSession } from "@/app/session";
import { DiagnosisView } from "@/components/diagnosis-view";
import { Empty } from "@/components/empty";
import { History } from "@/components/history";
import { AnchorLink } from "@/components/links";
import { Page } from "@/components/page";
import { ProblemView } from "@/components/problem-view";
import classes from "./admin.module.css";
import { AdminFrame } from "./frame";
import { type AttemptFilter, attemptLogQuery, type Scope } from "./queries";

/** Everybody's connects, of all workspaces. */
export function AdminAttemptsPage() {
  const { t } = useTranslation();
  const filter = useSearch({ from: "/signed-in/admin/attempts" });
  return (
    <AdminFrame title={t("admin.attempts.title")} lead={t("admin.attempts.lead")}>
      <Log scope={null} filter={filter} />
    </AdminFrame>
  );
}

/** The workspace's connects, everybody's. */
export function WorkspaceAttemptsPage() {
  const { t } = useTranslation();
  const { workspace } = useSession();
  const filter = useSearch({ from: "/signed-in/channels/attempts" });
  return (
    <Page
      title={t("admin.attempts.workspaceTitle", { workspace: workspace.name })}
      lead={t("admin.attempts.lead")}
      width="reading"
    >
      <Log scope={workspace.id} filter={filter} />
    </Page>
  );
}

const OUTCOMES = ["open", "connected", "failed", "expired", "superseded", "cancelled"] as const;

function Log({ scope, filter }: { scope: Scope; filter: AttemptFilter }) {
  const { t } = useTranslation();
  const { user } = useSession();
  const log = useInfiniteQuery({
    ...attemptLogQuery(scope, filter),
    enabled: scope !== null || user.is_admin,
  });
  const filtered = Object.values(filter).some(Boolean);
  return (
    <Stack gap="md">
      <Filters filter={filter} />
      {log.error && <ProblemView error={log.error} onRetry={() => log.refetch()} retrying={log.isFetching} />}
      {log.isPending && (
        <Stack gap="xs" aria-hidden>
          {[1, 2, 3, 4].map((key) => (
            <Skeleton key={key} h={40} radius="md" />
          ))}
        </Stack>
      )}
      <Text size="sm" c="dimmed" role="status">
        {log.data && log.data.length > 0 ? t("admin.attempts.found", { count: log.data.length }) : ""}
      </Text>
      {log.data?.length === 0 && (
        <Empty
          icon={<IconHistory size={40} />}
          title={t("admin.attempts.emptyTitle")}
          text={t(filtered ? "admin.attempts.nothing" : "admin.attempts.empty")}
        />
      )}
      {log.data && log.data.length > 0 && (
        <div>
          {log.data.map((logged) => (
            <Attempt key={logged.attempt.id} logged={logged} scope={scope} />
          ))}
        </div>
      )}
      {log.hasNextPage && (
        <Group justify="center">
          <Button variant="default" onClick={() => log.fetchNextPage()} loading={log.isFetchingNextPage}>
            {t("admin.attempts.more")}
          </Button>
        </Group>
      )}
    </Stack>
  );
}

function Filters({ filter }: { filter: AttemptFilter }) {
  const { t } = useTranslation();
  const networks = useNetworks();
  const navigate = useNavigate();
  const change = (part: AttemptFilter) =>
    void navigate({
      to: ".",
      replace: true,
      search: (before: AttemptFilter) => ({ ...before, ...part }),
    });
  const clear = () => void navigate({ to: ".", replace: true, search: {} });
  return (
    <section aria-label={t("admin.attempts.filters")}>
      <div className={classes.filters}>
        <Select
          label={t("admin.attempts.network")}
          placeholder={t("admin.attempts.anyNetwork")}
          data={networks.data?.map(({ id, name }) => ({ value: id, label: name })) ?? []}
          value={filter.network ?? null}
          onChange={(network) => change({ network: network ?? undefined })}
          clearable
        />
        <Select
          label={t("admin.attempts.outcome")}
          placeholder={t("admin.attempts.anyOutcome")}
          data={OUTCOMES.map((value) => ({ value, label: t(`admin.attempts.outcomes.${value}`) }))}
          value={filter.outcome ?? null}
          onChange={(outcome) => change({ outcome: outcome ?? undefined })}
          clearable
        />
        <Typed
          key={`person ${filter.person ?? ""}`}
          label={t("admin.attempts.person")}
          placeholder={t("admin.attempts.personPlaceholder")}
          value={filter.person}
          onDone={(person) => change({ person })}
        />
        <Typed
          key={`code ${filter.code ?? ""}`}
          label={t("admin.attempts.code")}
          placeholder={t("admin.attempts.codePlaceholder")}
          value={filter.code}
          onDone={(code) => change({ code })}
        />
        <Moment label={t("admin.attempts.from")} value={filter.from} onDone={(from) => change({ from })} />
        <Moment label={t("admin.attempts.to")} value={filter.to} onDone={(to) => change({ to })} />
      </div>
      {Object.values(filter).some(Boolean) && (
        <Button size="xs" variant="subtle" mt={6} onClick={clear}>
          {t("admin.attempts.clear")}
        </Button>
      )}
    </section>
  );
}

interface FieldProps {
  label: string;
  placeholder?: string;
  value: string | undefined;
  onDone: (value: string | undefined) => void;
}

/** Looked for when the field is left or Enter is pressed, not at every letter. */
function Typed({ label, placeholder, value, onDone }: FieldProps) {
  return (
    <TextInput
      label={label}
      placeholder={placeholder}
      defaultValue={value ?? ""}
      autoCapitalize="none"
      spellCheck={false}
      onBlur={(event) => {
        const typed = event.currentTarget.value.trim() || undefined;
        if (typed !== value) onDone(typed);
      }}
      onKeyDown={(event) => {
        if (event.key === "Enter") event.currentTarget.blur();
      }}
    />
  );
}

/** A time on this device's clock; an instant in the address. */
function Moment({ label, value, onDone }: FieldProps) {
  const { t } = useTranslation();
  const instant = value ? new Date(value) : null;
  return (
    <DateTimePicker
      label={label}
      value={instant && !Number.isNaN(instant.getTime()) ? instant : null}
      onChange={(chosen) => onDone(chosen ? new Date(chosen).toISOString() : undefined)}
      clearable
      clearButtonProps={{ "aria-label": t("admin.attempts.clear") }}
    />
  );
}

function Attempt({ logged, scope }: { logged: LoggedAttempt; scope: Scope }) {
  const { t } = useTranslation();
  const format = useFormat();
  const networks = useNetworkMap();
  const { workspace } = useSession();
  const { attempt, person } = logged;
  const host = attempt.instance?.replace(/^https?:\/\//, "");
  const what = t(attempt.purpose === "new" ? "admin.attempts.new" : "admin.attempts.reconnect");
  const name = networks.get(attempt.network)?.name ?? attempt.network;
  const outcome = t(`connect.attemptState.${attempt.state}`);
  return (
    <details className={classes.attempt}>
      <summary>
        <Text span size="sm" fw={600}>
          {name}
          {host && ` (${host})`}
        </Text>{" "}
        <Text span size="sm">
          {outcome}
          {attempt.diagnosis ? `: ${attempt.diagnosis.title}` : ""}
        </Text>
        <Text size="xs" c="dimmed">
          {[
            format.precise(attempt.created_at),
            person ? `${person.name} <${person.email}>` : t("admin.attempts.gone"),
            scope === null && logged.workspace_name,
            what,
          ]
            .filter(Boolean)
            .join(" · ")}
        </Text>
      </summary>
      <Stack gap="sm">
        {attempt.account && (
          <Text size="sm">
            {attempt.account.name} ({attempt.account.handle})
          </Text>
        )}
        <History items={attempt.events} />
        {attempt.diagnosis && <DiagnosisView diagnosis={withoutButton(attempt.diagnosis)} headingOrder={3} />}
        {attempt.channel_id && logged.workspace_id === workspace.id && (
          <AnchorLink to="/channels/$channel" params={{ channel: attempt.channel_id }} size="sm">
            {t("admin.attempts.channel")}
          </AnchorLink>
        )}
        <Text size="xs" c="dimmed">
          {attempt.id}
        </Text>
      </Stack>
    </details>
  );
}

/** The next click is for who started it, not for who looks on. */
function withoutButton(diagnosis: NonNullable<LoggedAttempt["attempt"]["diagnosis"]>) {
  return { ...diagnosis, next: { ...diagnosis.next, kind: "none" as const } };
}
