import "@/i18n/composing";
import "@/i18n/scheduling";
import { Button, Group, Select, Skeleton, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Slots } from "@/api/types";
import { allZones } from "@/app/format";
import { useSession } from "@/app/session";
import { ProblemView } from "@/components/problem-view";
import { toast } from "@/components/toast";
import { slotsQuery, useSetSlots } from "./queries";
import { rowsOf, slotsOf, WeekEditor } from "./week-editor";

interface Props {
  /** None: the workspace's. */
  channel: string | null;
  manages: boolean;
}

/** When a channel normally posts, or all that have no times of their own. */
export function SlotsForm({ channel, manages }: Props) {
  const { workspace } = useSession();
  const query = useQuery(slotsQuery(workspace.id, channel));
  if (query.error) return <ProblemView error={query.error} onRetry={() => void query.refetch()} />;
  if (!query.data) return <Skeleton h={120} aria-hidden />;
  const { data } = query;
  return <Loaded key={JSON.stringify(data)} channel={channel} manages={manages} week={data} />;
}

function Loaded({ channel, manages, week }: Props & { week: Slots }) {
  const { t } = useTranslation();
  const set = useSetSlots(channel, () => toast.done(t("slots.saved")));
  const [rows, setRows] = useState(() => rowsOf(week.slots));
  const [zone, setZone] = useState(week.time_zone);
  const slots = slotsOf(rows);
  const changed =
    zone !== week.time_zone || JSON.stringify(slots) !== JSON.stringify(slotsOf(rowsOf(week.slots)));
  const whole = slots.every(({ days }) => days.length > 0);
  return (
    <Stack gap="sm">
      {channel && (
        <Text size="sm" c="dimmed">
          {t(week.own ? "slots.own" : "slots.ofWorkspace")}
        </Text>
      )}
      {!manages && (
        <Text size="sm" c="dimmed">
          {t("slots.readOnly")}
        </Text>
      )}
      <WeekEditor rows={rows} onRows={setRows} disabled={!manages} />
      {channel ? (
        <Select
          label={t("slots.zone")}
          searchable
          data={allZones()}
          value={zone}
          onChange={(next) => next && setZone(next)}
          allowDeselect={false}
          nothingFoundMessage={t("composer.when.noZone")}
          disabled={!manages}
          maw="22rem"
        />
      ) : (
        <Text size="sm" c="dimmed">
          {t("slots.inZone", { zone: week.time_zone })}
        </Text>
      )}
      {set.error && <ProblemView error={set.error} />}
      {manages && (
        <Group gap="xs">
          <Button
            onClick={() => set.mutate({ slots, time_zone: zone })}
            loading={set.isPending}
            disabled={!changed || !whole}
          >
            {t("slots.save")}
          </Button>
          {channel && week.own && (
            <Button variant="default" onClick={() => set.mutate(null)} disabled={set.isPending}>
              {t("slots.forget")}
            </Button>
          )}
        </Group>
      )}
    </Stack>
  );
}
