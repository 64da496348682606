import "@/i18n/composing";
import { Stack, TagsInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { NotLooked, useLookup } from "./lookup";

interface Props {
  id: string;
  label: string;
  description: string | undefined;
  error: string | undefined;
  required: boolean;
  maw: number;
  channel: string;
  /** What the network is asked for; empty where there is nothing to choose from. */
  lookup: string;
  /** Ids as the network has them; words are ids of their own. */
  value: string[];
  /** Whether ids are numbers, of which no new ones can be made up. */
  numbers: boolean;
  onChange: (value: string[]) => void;
}

/** Several of what there is at the network, shown by their names. */
export function LookupList({ channel, lookup, value, numbers, onChange, ...shared }: Props) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const query = useLookup(channel, lookup, typed.trim());
  const [names, setNames] = useState<ReadonlyMap<string, string>>(new Map());
  const items = query.data?.items ?? [];
  const told = new Set(items.map((item) => item.name));
  const shown = items.map((item) => {
    // Two of one name are told apart by their ids.
    const alone = told.delete(item.name);
    return [item.id, alone ? item.name : `${item.name} (${item.id})`] as const;
  });
  const known = new Map([...names, ...shown]);
  const ids = new Map([...known].map(([id, name]) => [name, id]));
  const take = (labels: string[]) => {
    const chosen = labels.map((name) => ids.get(name) ?? name.trim());
    setNames(known);
    setTyped("");
    onChange([...new Set(chosen)].filter((id) => (numbers ? /^\d+$/.test(id) : id !== "")));
  };
  return (
    <Stack gap={4} maw={shared.maw}>
      <TagsInput
        {...shared}
        clearable
        data={shown.map(([, name]) => name)}
        value={value.map((id) => known.get(id) ?? id)}
        searchValue={typed}
        onSearchChange={setTyped}
        onChange={take}
        // The network has searched already.
        filter={lookup ? ({ options }) => options : undefined}
        limit={200}
        placeholder={lookup ? t("composer.settings.search") : t("composer.settings.several")}
      />
      {query.isError && <NotLooked error={query.error} again={() => void query.refetch()} />}
    </Stack>
  );
}
