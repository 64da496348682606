import { Button, Container, Skeleton, Stack } from "@mantine/core";
import { IconMapPinOff } from "@tabler/icons-react";
import { type ErrorComponentProps, Link, useRouter } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Problem } from "@/api/problem";
import { Empty } from "@/components/empty";
import { usePageTitle } from "@/components/page";
import { ProblemView } from "@/components/problem-view";

/** What stands in a page's place while its code or data comes. */
export function LoadingPage() {
  const { t } = useTranslation();
  return (
    <Container size="lg" py="lg" w="100%">
      <output className="visually-hidden">{t("common.loading")}</output>
      <Stack aria-hidden>
        <Skeleton h={28} w="min(16rem, 60%)" />
        <Skeleton h={120} />
        <Skeleton h={120} />
      </Stack>
    </Container>
  );
}

export function NotFoundPage() {
  const { t } = useTranslation();
  usePageTitle(t("common.problem.notFoundTitle"));
  return (
    <Container size="sm" py="xl" component="main" id="main">
      <Empty
        headingOrder={1}
        icon={<IconMapPinOff size={40} />}
        title={t("common.problem.notFoundTitle")}
        text={t("common.problem.notFound")}
      >
        <Button component={Link} to="/">
          {t("common.problem.home")}
        </Button>
      </Empty>
    </Container>
  );
}

export function CrashPage({ error, reset }: ErrorComponentProps) {
  const { t } = useTranslation();
  const router = useRouter();
  usePageTitle(t("shell.crashed"));
  const again = () => {
    reset();
    void router.invalidate();
  };
  if (error instanceof Problem) {
    return (
      <Container size="sm" py="xl" w="100%">
        <ProblemView error={error} onRetry={again} />
      </Container>
    );
  }
  return (
    <Container size="sm" py="xl" w="100%">
      <Stack>
        <ProblemView
          error={error}
          actions={
            <Button size="xs" onClick={() => window.location.reload()}>
              {t("shell.reload")}
            </Button>
          }
        />
        <p>{t("shell.crashedText")}</p>
      </Stack>
    </Container>
  );
}
