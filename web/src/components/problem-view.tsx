import { Alert, Anchor, Button, Group, List, Stack, Text } from "@mantine/core";
import { IconAlertTriangle, IconPlugConnectedX } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { asProblem, type FieldProblem, type Problem, UNREACHABLE } from "@/api/problem";
import { t } from "@/i18n";
import { DiagnosisView } from "./diagnosis-view";

/** A problem's headline and sentence, also where the server gave none. */
export function problemWords(problem: Problem): { title: string; text: string } {
  if (problem.code === UNREACHABLE) {
    return { title: t("common.problem.unreachableTitle"), text: t("common.problem.unreachable") };
  }
  if (problem.code === "here.unexpected") {
    return { title: t("common.problem.unexpectedTitle"), text: problem.detail };
  }
  if (problem.title) return { title: problem.title, text: problem.detail };
  if (problem.status === 404) {
    return { title: t("common.problem.notFoundTitle"), text: t("common.problem.notFound") };
  }
  return {
    title: t("common.problem.serverTitle"),
    text: problem.detail || t("common.problem.server", { status: problem.status }),
  };
}

interface Props {
  error: unknown;
  onRetry?: () => void;
  retrying?: boolean;
  /** Field errors shown elsewhere are left out by giving those that are left. */
  errors?: FieldProblem[];
  actions?: ReactNode;
}

/** What went wrong, how to mend it, and the next click. */
export function ProblemView({ error, onRetry, retrying, errors, actions }: Props) {
  const { t } = useTranslation();
  const problem = asProblem(error);
  if (problem.diagnosis) {
    return <DiagnosisView diagnosis={problem.diagnosis} onNext={onRetry} busy={retrying} />;
  }
  const { title, text } = problemWords(problem);
  const list = errors ?? problem.errors;
  const unreachable = problem.code === UNREACHABLE;
  return (
    <Alert
      role="alert"
      color="red"
      variant="outline"
      title={title}
      icon={unreachable ? <IconPlugConnectedX aria-hidden /> : <IconAlertTriangle aria-hidden />}
    >
      <Stack gap="xs">
        {text && text !== title && <Text size="sm">{text}</Text>}
        {unreachable && <Text size="sm">{t("common.problem.unreachableFix")}</Text>}
        {list.length > 0 && (
          <List size="sm" spacing={4}>
            {list.map((item) => (
              <List.Item key={`${item.pointer} ${item.code}`}>
                {item.message} {item.fix && <Text span>{item.fix}</Text>}
              </List.Item>
            ))}
          </List>
        )}
        {problem.retryAfter !== null && (
          <Text size="sm">{t("common.problem.wait", { count: problem.retryAfter })}</Text>
        )}
        {problem.reference && (
          <Text size="xs" c="dimmed">
            {t("common.problem.reference", { reference: problem.reference })}
          </Text>
        )}
        {(onRetry || actions) && (
          <Group gap="xs">
            {onRetry && (
              <Button size="xs" variant="default" onClick={onRetry} loading={retrying}>
                {t("common.retry")}
              </Button>
            )}
            {actions}
          </Group>
        )}
      </Stack>
    </Alert>
  );
}

/** The server's manual lies on the same origin and opens in a tab of its own. */
export function DocsLink({ href, children }: { href: string; children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <Anchor href={href} target="_blank" rel="noreferrer" size="sm">
      {children}
      <span className="visually-hidden"> ({t("common.opensNewTab")})</span>
    </Anchor>
  );
}
