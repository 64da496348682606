import { Button, Code, Group, Modal, Select, Skeleton, Stack, Text, TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { asProblem, fieldErrors } from "@/api/problem";
import type { ApiKey } from "@/api/types";
import { useFormat } from "@/app/format";
import { useSession } from "@/app/session";
import { instantString } from "@/app/zoned";
import { Confirm } from "@/components/confirm";
import { CopyButton } from "@/components/copy-button";
import { FormProblem, ProblemView } from "@/components/problem-view";
import { toast } from "@/components/toast";
import classes from "./list.module.css";
import { apiKeysQuery, useApiKeyActions } from "./queries";
import { managesWorkspace } from "./workspace-form";

const LIVES = ["never", "30", "90", "365"] as const;

export function ApiKeys() {
  const { t } = useTranslation();
  const { workspace } = useSession();
  const manages = managesWorkspace(workspace.role);
  const list = useQuery({ ...apiKeysQuery(workspace.id), enabled: manages });
  const { create, remove } = useApiKeyActions();
  const [dialog, setDialog] = useState<"new" | ApiKey | null>(null);
  const close = () => {
    create.reset();
    remove.reset();
    setDialog(null);
  };
  if (!manages) {
    return (
      <Text size="sm" c="dimmed">
        {t("settings.keys.notAllowed")}
      </Text>
    );
  }
  const doomed = dialog !== null && dialog !== "new" ? dialog : null;
  return (
    <Stack gap="sm" align="stretch">
      {list.error && <ProblemView error={list.error} onRetry={() => list.refetch()} />}
      {list.isPending && <Skeleton h={64} aria-hidden />}
      {list.data?.length === 0 && (
        <Text size="sm" c="dimmed">
          {t("settings.keys.empty")}
        </Text>
      )}
      {list.data && list.data.length > 0 && (
        <ul className={classes.list}>
          {list.data.map((key) => (
            <Row key={key.id} apiKey={key} onDelete={() => setDialog(key)} />
          ))}
        </ul>
      )}
      <Group>
        <Button
          variant="default"
          leftSection={<IconPlus size={16} aria-hidden />}
          onClick={() => setDialog("new")}
        >
          {t("settings.keys.create")}
        </Button>
      </Group>
      {dialog === "new" && <NewKey create={create} onClose={close} />}
      <Confirm
        opened={doomed !== null}
        title={t("settings.keys.deleteTitle", { name: doomed?.name ?? "" })}
        confirmLabel={t("common.delete")}
        danger
        busy={remove.isPending}
        error={remove.error}
        onClose={close}
        onConfirm={() =>
          doomed &&
          remove.mutate(doomed.id, {
            onSuccess: () => {
              toast.done(t("settings.keys.deleted"));
              close();
            },
          })
        }
      >
        {t("settings.keys.deleteText")}
      </Confirm>
    </Stack>
  );
}

function Row({ apiKey, onDelete }: { apiKey: ApiKey; onDelete: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const expired = apiKey.expires_at ? Date.parse(apiKey.expires_at) < Date.now() : false;
  const facts = [
    apiKey.last_used_at
      ? t("settings.keys.used", { when: format.relative(apiKey.last_used_at) })
      : t("settings.keys.unused"),
    apiKey.expires_at
      ? t(expired ? "settings.keys.expired" : "settings.keys.expires", {
          when: format.date(apiKey.expires_at),
        })
      : t("settings.keys.forever"),
  ];
  return (
    <li className={classes.row}>
      <Stack gap={2} miw={0}>
        <Text size="sm" fw={600} className={classes.clip}>
          {apiKey.name} <Code>{apiKey.prefix}…</Code>
        </Text>
        <Text size="xs" c={expired ? "var(--mantine-color-error)" : "dimmed"}>
          {facts.join(" · ")}
        </Text>
      </Stack>
      <Button
        size="xs"
        variant="default"
        onClick={onDelete}
        aria-label={t("settings.keys.deleteOf", { name: apiKey.name })}
      >
        {t("common.delete")}
      </Button>
    </li>
  );
}

function NewKey({
  create,
  onClose,
}: {
  create: ReturnType<typeof useApiKeyActions>["create"];
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const [name, setName] = useState("");
  const [life, setLife] = useState<string>("never");
  const [nameless, setNameless] = useState(false);
  const problem = create.error ? asProblem(create.error) : null;
  const { byField, others } = fieldErrors(problem, { "/name": "name", "/expires_at": "life" });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setNameless(!name.trim());
    if (!name.trim()) return;
    const days = Number(life);
    create.mutate({
      name: name.trim(),
      ...(days > 0 && { expires_at: instantString(Date.now() + days * 86_400_000) }),
    });
  };
  const close = { "aria-label": t("common.close") };
  if (create.data) {
    return (
      <Modal
        opened
        onClose={onClose}
        title={t("settings.keys.madeTitle", { name: create.data.name })}
        closeButtonProps={close}
        closeOnClickOutside={false}
      >
        <Stack gap="sm">
          <Text size="sm">{t("settings.keys.once")}</Text>
          <Code block className={classes.secret}>
            {create.data.secret}
          </Code>
          <Group justify="space-between">
            <CopyButton value={create.data.secret} label={t("settings.keys.copy")} data-autofocus />
            <Button onClick={onClose}>{t("settings.keys.done")}</Button>
          </Group>
        </Stack>
      </Modal>
    );
  }
  return (
    <Modal opened onClose={onClose} title={t("settings.keys.newTitle")} closeButtonProps={close}>
      <form onSubmit={submit} noValidate>
        <Stack gap="sm">
          <FormProblem problem={problem} others={others} />
          <TextInput
            label={t("settings.keys.name")}
            description={t("settings.keys.nameText")}
            maxLength={100}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={nameless ? t("settings.needName") : byField.name}
            data-autofocus
          />
          <Select
            label={t("settings.keys.life")}
            data={LIVES.map((value) => ({ value, label: t(`settings.keys.lives.${value}`) }))}
            value={life}
            onChange={(value) => setLife(value ?? "never")}
            allowDeselect={false}
            error={byField.life}
          />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t("common.cancel")}
            </Button>
            <Button type="submit" loading={create.isPending}>
              {t("settings.keys.createNow")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
