import "@/i18n/composing";
import { Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { NotLooked, useLookup, useLookupName } from "./lookup";

interface Props {
  id: string;
  label: string;
  description: string | undefined;
  error: string | undefined;
  required: boolean;
  maw: number;
  channel: string;
  /** What the network is asked for. */
  lookup: string;
  value: string;
  onChange: (value: string) => void;
}

/** A choice from what there is at the network. Where that can't be asked, the id can be entered. */
export function LookupSelect({ channel, lookup, value, onChange, ...shared }: Props) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const [chosen, setChosen] = useState<{ value: string; label: string } | null>(null);
  const name = useLookupName(channel, lookup, chosen?.value === value ? "" : value);
  // The words of what is chosen are no search for it.
  const query = useLookup(channel, lookup, typed === chosen?.label ? "" : typed.trim());
  if (query.isError) {
    return (
      <Stack gap={4} maw={shared.maw}>
        <TextInput
          {...shared}
          value={value}
          onChange={(event) => onChange(event.currentTarget.value.trim())}
        />
        <NotLooked error={query.error} again={() => void query.refetch()} />
      </Stack>
    );
  }
  const items = query.data?.items ?? [];
  const details = new Map(items.map((item) => [item.id, item.detail]));
  const data = items.map((item) => ({ value: item.id, label: item.name }));
  // What was chosen before may not be among what fits now.
  const kept = chosen?.value === value ? chosen : { value, label: name };
  if (value && !details.has(value)) data.unshift(kept);
  return (
    <Select
      {...shared}
      searchable
      clearable={!shared.required}
      data={data}
      value={value || null}
      searchValue={typed}
      onSearchChange={setTyped}
      // The network has searched already.
      filter={({ options }) => options}
      limit={200}
      placeholder={t("composer.settings.search")}
      nothingFoundMessage={t(query.isFetching ? "composer.settings.looking" : "composer.settings.nothing")}
      renderOption={({ option }) => (
        <Group gap="xs" wrap="nowrap">
          <Text size="sm">{option.label}</Text>
          <Text size="xs" c="dimmed">
            {details.get(option.value)}
          </Text>
        </Group>
      )}
      onChange={(next, option) => {
        setChosen(option ? { value: option.value, label: option.label } : null);
        onChange(next ?? "");
      }}
    />
  );
}
