import "@/i18n/composing";
import { Anchor, Group, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, call } from "@/api/client";
import { keys } from "@/api/keys";
import { asProblem } from "@/api/problem";
import { useSession } from "@/app/session";

const PAUSE = 300;

/** What there is at the network that fits what was typed. */
export function useLookup(channel: string, lookup: string, wanted: string) {
  const { workspace } = useSession();
  const [settled] = useDebouncedValue(wanted, PAUSE);
  return useQuery({
    queryKey: keys.lookup(workspace.id, channel, lookup, settled),
    enabled: lookup !== "",
    staleTime: 60_000,
    retry: false,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      call(
        api.GET("/api/v1/workspaces/{workspace}/channels/{id}/lookups/{name}", {
          params: {
            path: { workspace: workspace.id, id: channel, name: lookup },
            query: settled ? { q: settled } : {},
          },
          signal,
        }),
      ),
  });
}

/** Said below a field whose network could not be asked. */
export function NotLooked({ error, again }: { error: unknown; again: () => void }) {
  const { t } = useTranslation();
  return (
    <Group gap="xs">
      <Text size="sm" c="dimmed" role="status">
        {t("composer.settings.notLooked", { why: asProblem(error).title })} {t("composer.settings.byId")}
      </Text>
      <Anchor component="button" type="button" size="sm" onClick={again}>
        {t("composer.settings.again")}
      </Anchor>
    </Group>
  );
}
