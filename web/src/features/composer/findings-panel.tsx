import "@/i18n/composing";
import { Text, Title, UnstyledButton } from "@mantine/core";
import { IconAlertCircle, IconAlertTriangle, IconChevronRight, IconCircleCheck } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Finding } from "@/api/types";
import { ProblemView } from "@/components/problem-view";
import type { FindingGroup } from "./findings";
import classes from "./findings-panel.module.css";

interface Props {
  groups: FindingGroup[];
  /** The server has answered and found nothing, about what is written now. */
  fine: boolean;
  checking: boolean;
  error: unknown;
  channelName: (id: string) => string;
  onJump: (finding: Finding) => void;
  onRetry: () => void;
}

/** What the networks would say, by channel; each leads to its field. */
export function FindingsPanel({ groups, fine, checking, error, channelName, onJump, onRetry }: Props) {
  const { t } = useTranslation();
  const count = groups.reduce((sum, group) => sum + group.findings.length, 0);
  return (
    <section
      aria-label={t("composer.findings.title")}
      id="compose-findings"
      tabIndex={-1}
      className={classes.root}
    >
      <div role="status" className="visually-hidden">
        {checking
          ? ""
          : count > 0
            ? t("composer.findings.count", { count })
            : fine
              ? t("composer.findings.none")
              : ""}
      </div>
      {error ? (
        <ProblemView error={error} onRetry={onRetry} />
      ) : count === 0 ? (
        fine && (
          <Text size="sm" className={classes.fine} data-stale={checking || undefined}>
            <IconCircleCheck size={18} aria-hidden />
            {t("composer.findings.none")}
          </Text>
        )
      ) : (
        <>
          <Title order={2} size="h5" mb={6}>
            {t("composer.findings.count", { count })}
          </Title>
          {groups.map(
            (group) =>
              group.findings.length > 0 && (
                <div key={group.channel ?? ""} className={classes.group}>
                  <Text size="xs" fw={600} c="dimmed">
                    {group.channel ? channelName(group.channel) : t("composer.findings.whole")}
                  </Text>
                  <ul className={classes.list}>
                    {group.findings.map((finding) => (
                      <li key={`${finding.pointer} ${finding.code} ${finding.message}`}>
                        <UnstyledButton
                          className={classes.finding}
                          data-severity={finding.severity}
                          onClick={() => onJump(finding)}
                        >
                          {finding.severity === "error" ? (
                            <IconAlertCircle size={18} aria-hidden />
                          ) : (
                            <IconAlertTriangle size={18} aria-hidden />
                          )}
                          <span className={classes.words}>
                            <span className="visually-hidden">
                              {t(
                                finding.severity === "error"
                                  ? "composer.findings.error"
                                  : "composer.findings.warning",
                              )}{" "}
                            </span>
                            {finding.message}
                            {finding.fix && <span className={classes.fix}>{finding.fix}</span>}
                          </span>
                          <IconChevronRight size={16} aria-hidden className={classes.go} />
                        </UnstyledButton>
                      </li>
                    ))}
                  </ul>
                </div>
              ),
          )}
        </>
      )}
    </section>
  );
}
