import { Anchor, Button, Group, List, Paper, Stack, Text, Title } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Diagnosis } from "@/api/types";
import { CopyButton } from "./copy-button";
import { diagnosisReport, firstDifference } from "./diagnosis-report";
import classes from "./diagnosis-view.module.css";

interface Props {
  diagnosis: Diagnosis;
  /** What the next button does; without it only an `open` step with an address is a button. */
  onNext?: () => void;
  busy?: boolean;
  headingOrder?: 2 | 3;
}

/** The page's answer to "why": title, cause, evidence, what to do, the next click, a report to copy. */
export function DiagnosisView({ diagnosis, onNext, busy, headingOrder = 2 }: Props) {
  const { t } = useTranslation();
  const { next } = diagnosis;
  const opens = ownPathOrHttps(next.url);
  return (
    <Paper withBorder p="md" radius="md" className={classes.root}>
      <Stack gap="sm">
        <Group gap="xs" wrap="nowrap" align="flex-start">
          <IconAlertTriangle aria-hidden className={classes.icon} />
          <Title order={headingOrder} size={headingOrder === 2 ? "h2" : "h5"} className={classes.wrap}>
            {diagnosis.title}
          </Title>
        </Group>
        <Text size={headingOrder === 2 ? "md" : "sm"} className={classes.wrap}>
          {diagnosis.cause}
        </Text>
        {diagnosis.fix.length > 0 && (
          <div>
            <Text fw={600} size="sm" mb={4}>
              {t("common.diagnosis.fix")}
            </Text>
            <List type={diagnosis.fix.length > 1 ? "ordered" : "unordered"} size="sm" spacing={4}>
              {diagnosis.fix.map((step) => (
                <List.Item key={step} className={classes.wrap}>
                  {step}
                </List.Item>
              ))}
            </List>
          </div>
        )}
        {diagnosis.evidence.length > 0 && <Evidence diagnosis={diagnosis} />}
        <Group gap="xs" mt={4}>
          {next.kind !== "none" && opens && !onNext && (
            <Button component="a" href={opens}>
              {next.label}
            </Button>
          )}
          {next.kind !== "none" && onNext && (
            <Button onClick={onNext} loading={busy}>
              {next.label}
            </Button>
          )}
          <CopyButton value={diagnosisReport(diagnosis)} label={t("common.diagnosis.copyReport")} />
          <Anchor href={diagnosis.docs} target="_blank" rel="noreferrer" size="sm" ml="xs">
            {t("common.diagnosis.docs")}
            <span className="visually-hidden"> ({t("common.opensNewTab")})</span>
          </Anchor>
        </Group>
      </Stack>
    </Paper>
  );
}

/** A diagnosis may come out of the address bar, so only our own paths and web addresses become links. */
function ownPathOrHttps(url: string | null | undefined): string | null {
  if (!url) return null;
  if (url.startsWith("/") && !url.startsWith("//")) return url;
  return /^https?:\/\//i.test(url) ? url : null;
}

function Evidence({ diagnosis }: { diagnosis: Diagnosis }) {
  const { t } = useTranslation();
  const addresses = diagnosis.evidence.filter(({ value }) => /^https?:\/\//.test(value));
  const compared = diagnosis.code === "grant.redirect_mismatch" && addresses.length === 2;
  const at = compared ? firstDifference(addresses[0]?.value ?? "", addresses[1]?.value ?? "") : -1;
  return (
    <div>
      <Text fw={600} size="sm" mb={4}>
        {t("common.diagnosis.evidence")}
      </Text>
      <dl className={classes.evidence}>
        {diagnosis.evidence.map((item) => (
          <div key={item.label + item.value} className={classes.row}>
            <dt>{item.label}</dt>
            <dd>
              {at >= 0 && addresses.includes(item) ? (
                <>
                  {item.value.slice(0, at)}
                  <mark className={classes.mark}>{item.value.slice(at) || "∅"}</mark>
                </>
              ) : (
                item.value
              )}
            </dd>
          </div>
        ))}
      </dl>
      {at >= 0 && (
        <Text size="xs" c="dimmed">
          {t("common.diagnosis.difference")}
        </Text>
      )}
    </div>
  );
}
