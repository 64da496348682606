import { Button, Group, SegmentedControl, Select, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { asProblem, fieldErrors } from "@/api/problem";
import type { User } from "@/api/types";
import { allZones, zoneLabel } from "@/app/format";
import { useSession } from "@/app/session";
import { FormProblem } from "@/components/problem-view";
import { toast } from "@/components/toast";
import { useChangeProfile } from "./queries";

export function ProfileForm() {
  const { t } = useTranslation();
  const { user } = useSession();
  const change = useChangeProfile();
  const [values, setValues] = useState({
    name: user.name,
    time_zone: user.time_zone,
    week_start: user.week_start,
    clock: user.clock,
  });
  const set = (next: Partial<typeof values>) => setValues((before) => ({ ...before, ...next }));
  const problem = change.error ? asProblem(change.error) : null;
  const { byField, others } = fieldErrors(problem, { "/name": "name", "/time_zone": "time_zone" });
  const [nameless, setNameless] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setNameless(!values.name.trim());
    if (!values.name.trim()) return;
    change.mutate(
      { ...values, name: values.name.trim() },
      { onSuccess: () => toast.done(t("settings.saved")) },
    );
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="sm">
        <FormProblem problem={problem} others={others} />
        <TextInput
          label={t("settings.profile.name")}
          autoComplete="name"
          maxLength={100}
          value={values.name}
          onChange={(event) => set({ name: event.currentTarget.value })}
          error={nameless ? t("settings.needName") : byField.name}
        />
        <TextInput label={t("settings.profile.email")} value={user.email} readOnly variant="filled" />
        <ZoneSelect
          label={t("settings.profile.zone")}
          description={t("settings.profile.zoneText")}
          value={values.time_zone}
          onChange={(time_zone) => set({ time_zone })}
          error={byField.time_zone}
        />
        <Group gap="xl">
          <Choice
            label={t("settings.profile.weekStart")}
            value={values.week_start}
            options={[
              { value: "monday", label: t("settings.profile.monday") },
              { value: "sunday", label: t("settings.profile.sunday") },
            ]}
            onChange={(week_start) => set({ week_start: week_start as User["week_start"] })}
          />
          <Choice
            label={t("settings.profile.clock")}
            value={values.clock}
            options={[
              { value: "h24", label: t("settings.profile.h24") },
              { value: "h12", label: t("settings.profile.h12") },
            ]}
            onChange={(clock) => set({ clock: clock as User["clock"] })}
          />
        </Group>
        <Group>
          <Button type="submit" loading={change.isPending}>
            {t("common.save")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  options: { value: string; label: string }[];
  onChange: (value: string) => void;
}

export function Choice({ label, value, options, onChange }: ChoiceProps) {
  const id = useId();
  return (
    <div>
      <Text size="sm" fw={500} mb={4} id={id}>
        {label}
      </Text>
      <SegmentedControl aria-labelledby={id} data={options} value={value} onChange={onChange} />
    </div>
  );
}

interface ZoneProps {
  label: string;
  description?: string;
  value: string;
  onChange: (zone: string) => void;
  error?: string;
  disabled?: boolean;
}

export function ZoneSelect({ label, description, value, onChange, error, disabled }: ZoneProps) {
  const { t } = useTranslation();
  const zones = allZones();
  return (
    <Select
      label={label}
      description={description}
      searchable
      data={zones.includes(value) ? zones : [value, ...zones]}
      value={value}
      onChange={(zone) => zone && onChange(zone)}
      allowDeselect={false}
      nothingFoundMessage={t("settings.noZone")}
      error={error}
      disabled={disabled}
      rightSectionWidth={110}
      rightSectionPointerEvents="none"
      rightSection={
        <Text size="xs" c="dimmed">
          {zoneLabel(value).match(/\((.*)\)/)?.[1] ?? ""}
        </Text>
      }
    />
  );
}
