import "@/i18n/afterwards";
import { Group, SegmentedControl, Title } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "@/app/session";
import { NumbersPanel } from "./panel";
import { channelNumbersQuery } from "./queries";

const DAYS = [7, 30, 90] as const;

/** The numbers of a channel over the last days. */
export function ChannelNumbers({ channel, networkName }: { channel: string; networkName: string }) {
  const { t } = useTranslation();
  const { workspace } = useSession();
  const [days, setDays] = useState<number>(30);
  const numbers = useQuery({
    ...channelNumbersQuery(workspace.id, channel, days),
    placeholderData: keepPreviousData,
  });
  return (
    <section>
      <Group justify="space-between" mb="sm">
        <Title order={2}>{t("numbers.title")}</Title>
        {numbers.data?.told && (
          <SegmentedControl
            size="xs"
            aria-label={t("numbers.days")}
            value={String(days)}
            onChange={(value) => setDays(Number(value))}
            data={DAYS.map((count) => ({ value: String(count), label: t("numbers.lastDays", { count }) }))}
          />
        )}
      </Group>
      <NumbersPanel numbers={numbers} networkName={networkName} none="numbers.noneOfChannels" />
    </section>
  );
}
