import "@/i18n/administering";
import { Button, Code, Group, Skeleton, Stack, Text, Title } from "@mantine/core";
import { IconKey } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { asProblem } from "@/api/problem";
import type { AppView, NetworkApps } from "@/api/types";
import { useFormat } from "@/app/format";
import { useSession } from "@/app/session";
import { Confirm } from "@/components/confirm";
import { Empty } from "@/components/empty";
import { Page } from "@/components/page";
import { ProblemView } from "@/components/problem-view";
import { toast } from "@/components/toast";
import { managesWorkspace } from "@/features/settings/workspace-form";
import classes from "./admin.module.css";
import { AppForm } from "./app-form";
import { AppTestResult } from "./app-test-result";
import { AdminFrame } from "./frame";
import { appsQuery, type Scope, useAppActions } from "./queries";

/** The apps of the whole installation. */
export function AdminAppsPage() {
  const { t } = useTranslation();
  return (
    <AdminFrame title={t("admin.apps.title")} lead={t("admin.apps.lead")}>
      <Apps scope={null} />
    </AdminFrame>
  );
}

/** The apps that only this workspace uses. */
export function WorkspaceAppsPage() {
  const { t } = useTranslation();
  const { workspace } = useSession();
  return (
    <Page
      title={t("admin.apps.workspaceTitle", { workspace: workspace.name })}
      lead={t("admin.apps.workspaceLead")}
      width="reading"
    >
      {managesWorkspace(workspace.role) ? (
        <Apps scope={workspace.id} />
      ) : (
        <Text c="dimmed">{t("settings.keys.notAllowed")}</Text>
      )}
    </Page>
  );
}

function Apps({ scope }: { scope: Scope }) {
  const { t } = useTranslation();
  const { user } = useSession();
  const list = useQuery({ ...appsQuery(scope), enabled: scope !== null || user.is_admin });
  return (
    <Stack gap="sm">
      {list.error && (
        <ProblemView error={list.error} onRetry={() => list.refetch()} retrying={list.isFetching} />
      )}
      {list.isPending && (
        <Stack gap="sm" aria-hidden>
          {[1, 2, 3].map((key) => (
            <Skeleton key={key} h={96} radius="md" />
          ))}
        </Stack>
      )}
      {list.data?.length === 0 && (
        <Empty icon={<IconKey size={40} />} title={t("admin.apps.title")} text={t("admin.apps.empty")} />
      )}
      {list.data?.map((network) => (
        <NetworkCard key={network.network} scope={scope} network={network} />
      ))}
    </Stack>
  );
}

function NetworkCard({ scope, network }: { scope: Scope; network: NetworkApps }) {
  const { t } = useTranslation();
  const [form, setForm] = useState<AppView | "new" | null>(null);
  const own = network.apps.filter((app) => app.source === ownSource(scope));
  const others = network.apps.filter((app) => app.source !== ownSource(scope));
  const mayAdd = network.many_servers || own.length === 0;
  const isBot = network.kind === "bot";
  const missing = isBot ? "admin.apps.missingBot" : "admin.apps.missing";
  const note =
    network.apps.length > 0
      ? null
      : t(network.needed && !network.many_servers ? missing : "admin.apps.notNeeded");
  return (
    <section className={classes.card}>
      <Group justify="space-between" gap="xs">
        <Title order={2} size="h5">
          {network.name}
        </Title>
        {mayAdd && (
          <Button
            size="xs"
            variant={network.needed && network.apps.length === 0 ? "filled" : "default"}
            aria-label={t(isBot ? "admin.apps.setUpBotOf" : "admin.apps.setUpOf", { network: network.name })}
            onClick={() => setForm("new")}
          >
            {t(isBot ? "admin.apps.setUpBot" : "admin.apps.setUp")}
          </Button>
        )}
      </Group>
      {note && (
        <Text size="sm" c="dimmed" mt={4}>
          {note}
        </Text>
      )}
      <ul className={classes.list}>
        {[...own, ...others].map((app) => (
          <AppRow
            key={`${app.source} ${app.instance ?? ""}`}
            scope={scope}
            network={network}
            app={app}
            onChange={() => setForm(app)}
          />
        ))}
      </ul>
      {form && (
        <AppForm
          scope={scope}
          network={network}
          app={form === "new" ? null : form}
          onClose={() => setForm(null)}
        />
      )}
    </section>
  );
}

const ownSource = (scope: Scope) => (scope === null ? "installation" : "workspace");

const SOURCES = {
  workspace: "admin.apps.sourceWorkspace",
  installation: "admin.apps.sourceInstallation",
  configuration: "admin.apps.sourceConfiguration",
} as const;

interface RowProps {
  scope: Scope;
  network: NetworkApps;
  app: AppView;
  onChange: () => void;
}

function AppRow({ scope, network, app, onChange }: RowProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const { remove, test } = useAppActions(scope, network.network);
  const [removing, setRemoving] = useState(false);
  const isBot = network.kind === "bot";
  const isOwn = app.source === ownSource(scope);
  const instance = app.instance ?? undefined;
  const host = app.instance?.replace(/^https?:\/\//, "");
  const name = host ? `${network.name} (${host})` : network.name;
  const facts = [
    t(SOURCES[app.source]),
    app.set_at && t("admin.apps.setAt", { when: format.date(app.set_at) }),
    t(app.has_secret ? (isBot ? "admin.apps.tokenKept" : "admin.apps.secretKept") : "admin.apps.secretNone"),
    isOwn && (app.channels > 0 ? t("admin.apps.channels", { count: app.channels }) : t("admin.apps.unused")),
  ];
  const close = () => {
    remove.reset();
    setRemoving(false);
  };
  const inUse = app.channels > 0 || (remove.error && asProblem(remove.error).code === "app.in_use");
  return (
    <li>
      <div className={classes.app}>
        <Stack gap={2} miw={0} flex="1 1 14rem">
          <Text size="sm" fw={600} className={classes.words}>
            {host && `${host} · `}
            <Code>{app.client_id}</Code>
          </Text>
          <Text size="xs" c="dimmed">
            {facts.filter(Boolean).join(" · ")}
          </Text>
        </Stack>
        <Group gap={6}>
          <Button
            size="xs"
            variant="default"
            aria-label={t("admin.apps.testOf", { name })}
            loading={test.isPending}
            onClick={() => test.mutate({ instance })}
          >
            {t("admin.apps.test")}
          </Button>
          {isOwn && (
            <>
              <Button
                size="xs"
                variant="default"
                aria-label={t("admin.apps.changeOf", { name })}
                onClick={onChange}
              >
                {t("admin.apps.change")}
              </Button>
              <Button
                size="xs"
                variant="default"
                aria-label={t("admin.apps.removeOf", { name })}
                onClick={() => setRemoving(true)}
              >
                {t("admin.apps.remove")}
              </Button>
            </>
          )}
        </Group>
      </div>
      <AppTestResult network={network} test={test} />
      <Confirm
        opened={removing}
        title={t("admin.apps.removeTitle", { name })}
        confirmLabel={t("admin.apps.remove")}
        danger
        busy={remove.isPending}
        error={remove.error}
        onClose={close}
        onConfirm={() =>
          remove.mutate(
            { instance, force: Boolean(inUse) },
            {
              onSuccess: ({ channels }) => {
                toast.done(
                  channels > 0 ? t("admin.apps.removedInUse", { count: channels }) : t("admin.apps.removed"),
                );
                close();
              },
            },
          )
        }
      >
        {app.channels > 0
          ? t(isBot ? "admin.apps.removeBotInUse" : "admin.apps.removeInUse", { count: app.channels })
          : t("admin.apps.removeText")}
      </Confirm>
    </li>
  );
}
