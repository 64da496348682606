import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { asProblem, fieldErrors } from "@/api/problem";
import { useSession } from "@/app/session";
import { FormProblem } from "@/components/problem-view";
import { toast } from "@/components/toast";
import { ZoneSelect } from "./profile-form";
import { useChangeWorkspace } from "./queries";

const MANAGERS = ["owner", "admin"];

export const managesWorkspace = (role: string) => MANAGERS.includes(role);

export function WorkspaceForm() {
  const { t } = useTranslation();
  const { workspace } = useSession();
  const change = useChangeWorkspace();
  const [name, setName] = useState(workspace.name);
  const [zone, setZone] = useState(workspace.time_zone);
  const [nameless, setNameless] = useState(false);
  const manages = managesWorkspace(workspace.role);
  const problem = change.error ? asProblem(change.error) : null;
  const { byField, others } = fieldErrors(problem, { "/name": "name", "/time_zone": "time_zone" });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setNameless(!name.trim());
    if (!name.trim()) return;
    change.mutate(
      { name: name.trim(), time_zone: zone },
      { onSuccess: () => toast.done(t("settings.saved")) },
    );
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="sm">
        <FormProblem problem={problem} others={others} />
        {!manages && (
          <Text size="sm" c="dimmed">
            {t("settings.workspace.readOnly")}
          </Text>
        )}
        <TextInput
          label={t("settings.workspace.name")}
          maxLength={100}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          error={nameless ? t("settings.needName") : byField.name}
          disabled={!manages}
        />
        <ZoneSelect
          label={t("settings.workspace.zone")}
          description={t("settings.workspace.zoneText")}
          value={zone}
          onChange={setZone}
          error={byField.time_zone}
          disabled={!manages}
        />
        {manages && (
          <Group>
            <Button type="submit" loading={change.isPending}>
              {t("common.save")}
            </Button>
          </Group>
        )}
      </Stack>
    </form>
  );
}
