import "@/i18n/composing";
import { Checkbox, NumberInput, Select, Stack, TextInput, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { type FindingGroup, fieldId, findingsAt } from "./findings";
import { LookupList } from "./lookup-list";
import { LookupSelect } from "./lookup-select";
import { type SettingField, settingFields } from "./settings-schema";

interface Props {
  channel: string;
  network: string;
  schema: unknown;
  values: Record<string, unknown>;
  groups: FindingGroup[];
  onChange: (name: string, value: unknown) => void;
}

/** What only this network asks of a post, as its schema describes it. */
export function SettingsForm({ channel, network, schema, values, groups, onChange }: Props) {
  const { t } = useTranslation();
  const fields = settingFields(schema);
  if (fields.length === 0) return null;
  const place = { scope: channel, part: 0, field: "settings" } as const;
  return (
    <section id={fieldId(place)} tabIndex={-1} aria-label={t("composer.settings.title", { network })}>
      <Title order={2} size="h5" mb="xs">
        {t("composer.settings.title", { network })}
      </Title>
      <Stack gap="sm">
        {fields.map((field) => (
          <Setting
            key={field.name}
            id={fieldId({ ...place, item: field.name })}
            channel={channel}
            field={field}
            value={values[field.name]}
            error={findingsAt(groups, { ...place, item: field.name })
              .map((finding) => `${finding.message} ${finding.fix}`)
              .join(" ")}
            onChange={(value) => onChange(field.name, value)}
          />
        ))}
      </Stack>
    </section>
  );
}

interface SettingProps {
  id: string;
  channel: string;
  field: SettingField;
  value: unknown;
  error: string;
  onChange: (value: unknown) => void;
}

function Setting({ id, channel, field, value, error, onChange }: SettingProps) {
  const { t } = useTranslation();
  const shared = {
    id,
    label: field.title,
    description: field.description ?? undefined,
    error: error || undefined,
    required: field.required,
    maw: 480,
  };
  // What equals the network's own default is left out, so that the default may change without the post.
  const set = (next: unknown) => onChange(next === (field.default ?? undefined) ? undefined : next);
  switch (field.kind) {
    case "choice": {
      const chosen =
        typeof value === "string" ? value : typeof field.default === "string" ? field.default : null;
      return (
        <Select
          {...shared}
          data={field.options}
          value={chosen}
          placeholder={t("composer.settings.choose")}
          allowDeselect={!field.required && typeof field.default !== "string"}
          onChange={(next) => set(next ?? undefined)}
        />
      );
    }
    case "lookup":
      return (
        <LookupSelect
          {...shared}
          channel={channel}
          lookup={field.lookup ?? ""}
          value={typeof value === "string" ? value : ""}
          onChange={(next) => set(next || undefined)}
        />
      );
    case "words":
    case "numbers": {
      const numbers = field.kind === "numbers";
      return (
        <LookupList
          {...shared}
          channel={channel}
          lookup={field.lookup ?? ""}
          value={Array.isArray(value) ? value.map(String) : []}
          numbers={numbers}
          onChange={(next) => onChange(next.length === 0 ? undefined : numbers ? next.map(Number) : next)}
        />
      );
    }
    case "boolean": {
      const checked = typeof value === "boolean" ? value : field.default === true;
      return (
        <Checkbox
          id={id}
          label={field.title}
          description={field.description ?? undefined}
          error={error || undefined}
          checked={checked}
          onChange={(event) => {
            const { checked: next } = event.currentTarget;
            onChange(next === (field.default === true) ? undefined : next);
          }}
        />
      );
    }
    case "integer":
      return (
        <NumberInput
          {...shared}
          allowDecimal={false}
          min={field.minimum ?? undefined}
          max={field.maximum ?? undefined}
          value={typeof value === "number" ? value : typeof field.default === "number" ? field.default : ""}
          onChange={(next) => set(typeof next === "number" ? next : undefined)}
        />
      );
    case "text":
      return (
        <TextInput
          {...shared}
          maxLength={field.maxLength ?? undefined}
          value={typeof value === "string" ? value : typeof field.default === "string" ? field.default : ""}
          onChange={(event) => {
            const next = event.currentTarget.value;
            onChange(next === (field.default ?? "") ? undefined : next);
          }}
        />
      );
  }
}
