import "@/i18n/composing";
import { Anchor, Group, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, call } from "@/api/client";
import { keys } from "@/api/keys";
import { asProblem } from "@/api/problem";
import { useSession } from "@/app/session";

export const PAUSE = 300;

function ask(workspace: string, channel: string, name: string, q: string, signal: AbortSignal) {
  return call(
    api.GET("/api/v1/workspaces/{workspace}/channels/{id}/lookups/{name}", {
      params: { path: { workspace, id: channel, name }, query: q ? { q } : {} },
      signal,
    }),
  );
}

/** What there is at the network that fits what was typed. */
export function useLookup(channel: string, lookup: string, wanted: string) {
  const [settled] = useDebouncedValue(wanted, PAUSE);
  return useLookupOf(channel, lookup, settled);
}

/** The same, asked at once. */
export function useLookupOf(channel: string, lookup: string, wanted: string) {
  const { workspace } = useSession();
  return useQuery({
    queryKey: keys.lookup(workspace.id, channel, lookup, wanted),
    enabled: lookup !== "",
    staleTime: 60_000,
    retry: false,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => ask(workspace.id, channel, lookup, wanted, signal),
  });
}

/** What a chosen id is called at the network; the id itself as long as that is not known. */
export function useLookupName(channel: string, lookup: string, id: string): string {
  const { workspace } = useSession();
  const { data } = useQuery({
    queryKey: keys.lookup(workspace.id, channel, lookup, id),
    enabled: lookup !== "" && id !== "",
    staleTime: 10 * 60_000,
    retry: false,
    queryFn: ({ signal }) => ask(workspace.id, channel, lookup, id, signal),
  });
  return data?.items.find((item) => item.id === id)?.name ?? id;
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
