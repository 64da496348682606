import "@/i18n/connecting";
import "@/i18n/administering";
import { Alert, Anchor, Button, Group, List, Loader, Progress, Stack, Text, Title } from "@mantine/core";
import { IconCircleCheck, IconCircleX, IconStethoscope } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { DoctorRow } from "@/api/types";
import { useNetworkMap } from "@/app/queries";
import { CopyButton } from "@/components/copy-button";
import { Empty } from "@/components/empty";
import { ProblemView } from "@/components/problem-view";
import classes from "./admin.module.css";
import { AdminFrame } from "./frame";
import { CUT_OFF, useDoctor } from "./use-doctor";

export function DoctorPage() {
  const { t } = useTranslation();
  const { found, error, working, start, stop } = useDoctor();
  const done = found.areas.filter((area) => found.rows[area]).length;
  const wrong = found.report?.checks.filter((row) => !row.ok).length ?? 0;
  return (
    <AdminFrame
      title={t("admin.doctor.title")}
      lead={t("admin.doctor.lead")}
      actions={
        working ? (
          <Button variant="default" onClick={stop}>
            {t("admin.doctor.stop")}
          </Button>
        ) : (
          <Button onClick={start}>
            {t(found.areas.length > 0 ? "admin.doctor.again" : "admin.doctor.run")}
          </Button>
        )
      }
    >
      <Stack gap="md">
        <div role="status">
          {working && (
            <Stack gap={6}>
              <Text size="sm">{t("admin.doctor.working", { done, total: found.areas.length })}</Text>
              <Progress
                value={found.areas.length > 0 ? (100 * done) / found.areas.length : 0}
                aria-label={t("admin.doctor.title")}
              />
            </Stack>
          )}
          {found.report && !working && (
            <Text fw={600}>
              {found.report.ok ? t("admin.doctor.well") : t("admin.doctor.ill", { count: wrong })}
            </Text>
          )}
        </div>
        {error &&
          (error.code === CUT_OFF ? (
            <Alert color="red" variant="outline" role="alert" title={t("admin.doctor.cutOff")} />
          ) : (
            <ProblemView error={error} onRetry={start} />
          ))}
        {found.report && (
          <Group gap="sm">
            <CopyButton value={found.report.text} label={t("admin.doctor.copy")} />
            <Text size="sm" c="dimmed">
              {t("admin.doctor.copyText")}
            </Text>
          </Group>
        )}
        {found.areas.length === 0 && !working && !error && (
          <Empty
            icon={<IconStethoscope size={40} />}
            title={t("admin.doctor.title")}
            text={t("admin.doctor.idle")}
          />
        )}
        {found.areas.map((area) => (
          <Area key={area} area={area} rows={found.rows[area]} working={working} />
        ))}
      </Stack>
    </AdminFrame>
  );
}

const HERE = [
  "config",
  "database",
  "keys",
  "data_folder",
  "storage",
  "video",
  "outbound",
  "public_url",
  "mail",
] as const;

function Area({ area, rows, working }: { area: string; rows: DoctorRow[] | undefined; working: boolean }) {
  const { t } = useTranslation();
  const networks = useNetworkMap();
  const here = HERE.find((name) => name === area);
  return (
    <section className={classes.card}>
      <Group justify="space-between" gap="xs">
        <Title order={2} size="h5">
          {here ? t(`admin.doctor.areas.${here}`) : (networks.get(area)?.name ?? area)}
        </Title>
        {!rows && working && (
          <Group gap={6}>
            <Loader size="xs" aria-hidden />
            <Text size="xs" c="dimmed">
              {t("admin.doctor.waiting")}
            </Text>
          </Group>
        )}
      </Group>
      {rows && rows.length > 0 && (
        <ul className={classes.checks}>
          {rows.map((row) => (
            <li key={`${row.title} ${row.ok}`} data-ok={row.ok}>
              <CheckLine row={row} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

interface Line {
  title: string;
  ok: boolean;
  note?: string | null;
  elapsed_ms: number;
  wrong?: DoctorRow["wrong"];
}

/** One thing that was looked at, and what to do where it is wrong. */
export function CheckLine({ row }: { row: Line }) {
  const { t } = useTranslation();
  return (
    <>
      <div className={classes.line}>
        {row.ok ? <IconCircleCheck size={18} aria-hidden /> : <IconCircleX size={18} aria-hidden />}
        <span className={classes.words}>
          {row.title}
          {row.note && <span className={classes.note}> · {row.note}</span>}
        </span>
        <span className="visually-hidden">{t(row.ok ? "connect.checkPassed" : "connect.checkFailed")}</span>
        <span className={classes.ms}>{t("connect.ms", { ms: row.elapsed_ms })}</span>
      </div>
      {row.wrong && (
        <Stack gap={6} className={classes.wrong}>
          <Text size="sm">{row.wrong.cause}</Text>
          {row.wrong.evidence.length > 0 && (
            <dl className={classes.evidence}>
              {row.wrong.evidence.map((seen) => (
                <div key={seen.label + seen.value}>
                  <dt>{seen.label}</dt>
                  <dd>{seen.value}</dd>
                </div>
              ))}
            </dl>
          )}
          <List size="sm" spacing={2}>
            {row.wrong.fix.map((step) => (
              <List.Item key={step}>{step}</List.Item>
            ))}
          </List>
          <Anchor href={row.wrong.docs} target="_blank" rel="noreferrer" size="sm">
            {t("common.diagnosis.docs")}
            <span className="visually-hidden"> ({t("common.opensNewTab")})</span>
          </Anchor>
        </Stack>
      )}
    </>
  );
}
