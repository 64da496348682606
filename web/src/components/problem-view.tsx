import { Alert, Anchor, Button, Group, List, Skeleton, Stack, Text } from "@mantine/core";
import { IconAlertTriangle, IconPlugConnectedX } from "@tabler/icons-react";
import { lazy, type ReactNode, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { asProblem, type FieldProblem, type Problem, UNREACHABLE } from "@/api/problem";
import { problemWords } from "./problem-words";

export { problemWords };

// Few problems have a diagnosis, and none of those is met before the first page stands.
const DiagnosisView = lazy(() =>
  import("./diagnosis-view").then((module) => ({ default: module.DiagnosisView })),
);

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
    return (
      <Suspense fallback={<Skeleton h={160} aria-hidden />}>
        <DiagnosisView diagnosis={problem.diagnosis} onNext={onRetry} busy={retrying} />
      </Suspense>
    );
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
export function DocsLink({
  href,
  children,
  inText,
}: {
  href: string;
  children: ReactNode;
  inText?: boolean;
}) {
  const { t } = useTranslation();
  return (
    <Anchor href={href} target="_blank" rel="noreferrer" size="sm" underline={inText ? "always" : "hover"}>
      {children}
      <span className="visually-hidden"> ({t("common.opensNewTab")})</span>
    </Anchor>
  );
}

/** Why a form was refused, as far as no field of it shows that: `others` are the errors of no field. */
export function FormProblem({ problem, others }: { problem: Problem | null; others: FieldProblem[] }) {
  const told = problem && problem.errors.length > 0 && others.length === 0;
  return problem && !told ? <ProblemView error={problem} errors={others} /> : null;
}
