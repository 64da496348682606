import { Badge, Button, Checkbox, Code, Group, Modal, Skeleton, Stack, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { asProblem, fieldErrors } from "@/api/problem";
import type { Delivery, Webhook as Hook, NoticeKind } from "@/api/types";
import { useFormat } from "@/app/format";
import { useSession } from "@/app/session";
import { Confirm } from "@/components/confirm";
import { CopyButton } from "@/components/copy-button";
import { FormProblem, ProblemView } from "@/components/problem-view";
import { toast } from "@/components/toast";
import classes from "@/features/settings/list.module.css";
import { managesWorkspace } from "@/features/settings/workspace-form";
import { deliveriesQuery, KINDS, useWebhookActions, webhookQuery } from "./queries";

/** Where the workspace's notices are sent, and what came of the last calls. */
export function Webhook() {
  const { t } = useTranslation();
  const { workspace } = useSession();
  const manages = managesWorkspace(workspace.role);
  // Above the form, which begins anew when the webhook has changed.
  const [secret, setSecret] = useState<string | null>(null);
  const hook = useQuery({ ...webhookQuery(workspace.id), enabled: manages });
  if (!manages) {
    return (
      <Text size="sm" c="dimmed">
        {t("notices.webhook.notAllowed")}
      </Text>
    );
  }
  if (hook.error) return <ProblemView error={hook.error} onRetry={() => hook.refetch()} />;
  if (hook.isPending) return <Skeleton h={180} aria-hidden />;
  return (
    <>
      <Form key={hook.data?.updated_at ?? "none"} hook={hook.data} onSecret={setSecret} />
      <Modal
        opened={secret !== null}
        onClose={() => setSecret(null)}
        title={t("notices.webhook.secretTitle")}
        closeButtonProps={{ "aria-label": t("common.close") }}
        closeOnClickOutside={false}
      >
        <Stack gap="sm">
          <Text size="sm">{t("notices.webhook.once")}</Text>
          <Code block className={classes.secret}>
            {secret}
          </Code>
          <Group justify="space-between">
            <CopyButton value={secret ?? ""} label={t("notices.webhook.copySecret")} data-autofocus />
            <Button onClick={() => setSecret(null)}>{t("notices.webhook.done")}</Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}

function Form({ hook, onSecret }: { hook: Hook | null; onSecret: (secret: string) => void }) {
  const { t } = useTranslation();
  const { save, remove, test } = useWebhookActions();
  const [url, setUrl] = useState(hook?.url ?? "");
  const [kinds, setKinds] = useState<string[]>(hook?.kinds ?? [...KINDS]);
  const [missing, setMissing] = useState({ url: false, kinds: false });
  const [removing, setRemoving] = useState(false);
  const problem = save.error ? asProblem(save.error) : null;
  const { byField, others } = fieldErrors(problem, { "/url": "url", "/kinds": "kinds" });
  const send = (new_secret: boolean) => {
    const lacks = { url: !url.trim(), kinds: kinds.length === 0 };
    setMissing(lacks);
    if (lacks.url || lacks.kinds) return;
    save.mutate(
      { url: url.trim(), kinds: kinds as NoticeKind[], new_secret },
      {
        onSuccess: (saved) => {
          if (saved.secret) onSecret(saved.secret);
          else toast.done(t("notices.webhook.saved"));
        },
      },
    );
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send(false);
  };
  return (
    <Stack gap="md">
      <form onSubmit={submit} noValidate>
        <Stack gap="sm">
          <FormProblem problem={problem} others={others} />
          <TextInput
            label={t("notices.webhook.url")}
            description={t("notices.webhook.urlText")}
            placeholder="https://example.org/hooks/crier"
            type="url"
            inputMode="url"
            autoComplete="off"
            spellCheck={false}
            value={url}
            onChange={(event) => setUrl(event.currentTarget.value)}
            error={missing.url ? t("notices.webhook.needUrl") : byField.url}
          />
          <Checkbox.Group
            label={t("notices.webhook.kinds")}
            value={kinds}
            onChange={setKinds}
            error={missing.kinds ? t("notices.webhook.needKinds") : byField.kinds}
          >
            <Stack gap={6} mt={4}>
              {KINDS.map((kind) => (
                <Checkbox key={kind} value={kind} label={t(`notices.kinds.${kind}`)} />
              ))}
            </Stack>
          </Checkbox.Group>
          <Group gap="xs">
            <Button type="submit" loading={save.isPending}>
              {t("notices.webhook.save")}
            </Button>
            {hook && (
              <>
                <Button
                  variant="default"
                  loading={test.isPending}
                  onClick={() =>
                    test.mutate(undefined, { onSuccess: () => toast.done(t("notices.webhook.tested")) })
                  }
                >
                  {t("notices.webhook.test")}
                </Button>
                <Button variant="default" disabled={save.isPending} onClick={() => send(true)}>
                  {t("notices.webhook.newSecret")}
                </Button>
                <Button variant="default" onClick={() => setRemoving(true)}>
                  {t("notices.webhook.remove")}
                </Button>
              </>
            )}
          </Group>
          {test.error && <ProblemView error={test.error} />}
        </Stack>
      </form>
      {hook && <Calls />}
      <Confirm
        opened={removing}
        title={t("notices.webhook.removeTitle")}
        confirmLabel={t("notices.webhook.remove")}
        danger
        busy={remove.isPending}
        error={remove.error}
        onClose={() => setRemoving(false)}
        onConfirm={() =>
          remove.mutate(undefined, {
            onSuccess: () => {
              setRemoving(false);
              toast.done(t("notices.webhook.removed"));
            },
          })
        }
      >
        {t("notices.webhook.removeText")}
      </Confirm>
    </Stack>
  );
}

function Calls() {
  const { t } = useTranslation();
  const { workspace } = useSession();
  const { data, error, refetch } = useQuery(deliveriesQuery(workspace.id));
  return (
    <div>
      <Text fw={600} size="sm" mb={4}>
        {t("notices.webhook.calls")}
      </Text>
      {error && <ProblemView error={error} onRetry={() => refetch()} />}
      {data?.length === 0 && (
        <Text size="sm" c="dimmed">
          {t("notices.webhook.noCalls")}
        </Text>
      )}
      {data && data.length > 0 && (
        <ul className={classes.list}>
          {data.map((delivery) => (
            <Call key={delivery.id} delivery={delivery} />
          ))}
        </ul>
      )}
    </div>
  );
}

function Call({ delivery }: { delivery: Delivery }) {
  const { t } = useTranslation();
  const format = useFormat();
  const kind = KINDS.find((known) => known === delivery.kind);
  return (
    <li className={classes.row}>
      <Stack gap={2} miw={0}>
        <Text size="sm" fw={600}>
          {kind ? t(`notices.kinds.${kind}`) : t("notices.webhook.isTest")}
        </Text>
        <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>
          {[
            format.relative(delivery.created_at),
            t("notices.webhook.tries", { count: delivery.tries }),
            delivery.said,
          ]
            .filter(Boolean)
            .join(" · ")}
        </Text>
      </Stack>
      <Badge variant="outline" color={delivery.state === "failed" ? "red" : "gray"} style={{ flexShrink: 0 }}>
        {t(`notices.webhook.state.${delivery.state}`)}
      </Badge>
    </li>
  );
}
