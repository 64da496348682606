import "@/i18n/composing";
import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useFormat } from "@/app/format";
import { useSession } from "@/app/session";
import { AnchorLink } from "@/components/links";
import { ProblemView } from "@/components/problem-view";
import { freeSlotsQuery } from "@/features/slots/queries";

/** What adding to the queue would do: the next slot that is free on all chosen channels. */
export function NextSlot({ channels, post }: { channels: string[]; post: string | null }) {
  const { t } = useTranslation();
  const { workspace } = useSession();
  const format = useFormat();
  const query = useQuery({
    ...freeSlotsQuery(workspace.id, channels, 3, post),
    enabled: channels.length > 0,
  });
  if (channels.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t("composer.when.queuePick")}
      </Text>
    );
  }
  if (query.error) return <ProblemView error={query.error} onRetry={() => void query.refetch()} />;
  const [first, ...then] = query.data ?? [];
  if (query.data && !first) {
    return (
      <Text size="sm" role="alert" c="var(--mantine-color-error)">
        {t("composer.when.queueNone")}{" "}
        <AnchorLink to="/channels/$channel" params={{ channel: channels[0] ?? "" }} size="sm">
          {t("composer.when.queueSlots")}
        </AnchorLink>
      </Text>
    );
  }
  return (
    <div aria-live="polite">
      <Text size="sm" fw={600}>
        {first ? t("composer.when.queueNext", { when: format.dateTime(first.at) }) : "…"}
      </Text>
      <Text size="xs" c="dimmed">
        {then.length > 0 &&
          t("composer.when.queueThen", { when: then.map(({ at }) => format.dateTime(at)).join(" · ") })}
      </Text>
    </div>
  );
}
