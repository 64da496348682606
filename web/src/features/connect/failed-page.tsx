import "@/i18n/connecting";
import { Container, Group, Stack, Text, Title } from "@mantine/core";
import { useLocation, useRouter } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { diagnosisFromFragment } from "@/components/diagnosis-report";
import { DiagnosisView } from "@/components/diagnosis-view";
import { ButtonLink } from "@/components/links";
import { usePageTitle } from "@/components/page";

/**
 * A return from a network that belongs to no attempt. The diagnosis comes in the fragment, which never leaves the
 * browser, and it is shown as text whoever wrote it.
 */
export function ConnectFailedPage() {
  const { t } = useTranslation();
  const router = useRouter();
  const diagnosis = diagnosisFromFragment(useLocation().hash);
  usePageTitle(t("connect.failed.title"));
  const next = diagnosis?.next.kind;
  // Who came by an invite link has no channels here to go to.
  const guest = diagnosis?.next.url === "/invite";
  const act =
    next === "sign_in"
      ? () => void router.navigate({ to: "/sign-in" })
      : next === "open" || next === "none"
        ? undefined
        : () => void router.navigate({ to: "/channels/add" });
  return (
    <main id="main">
      <Container size="sm" py="xl">
        <Stack>
          <Title order={1}>{diagnosis ? t("connect.failed.title") : t("connect.failed.unreadable")}</Title>
          {diagnosis ? (
            <DiagnosisView diagnosis={diagnosis} onNext={act} />
          ) : (
            <Text>{t("connect.failed.unreadableText")}</Text>
          )}
          <Group gap="xs" display={guest ? "none" : undefined}>
            <ButtonLink to="/channels/add" variant={diagnosis ? "default" : "filled"}>
              {t("connect.addTitle")}
            </ButtonLink>
            <ButtonLink to="/" variant="default">
              {t("common.problem.home")}
            </ButtonLink>
          </Group>
        </Stack>
      </Container>
    </main>
  );
}
