import "@/i18n/administering";
import { Anchor, Button, Code, Group, Modal, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { asProblem, fieldErrors } from "@/api/problem";
import type { AppView, NetworkApps } from "@/api/types";
import { CopyButton } from "@/components/copy-button";
import { DocsLink, FormProblem } from "@/components/problem-view";
import { toast } from "@/components/toast";
import classes from "./admin.module.css";
import { AppTestResult } from "./app-test-result";
import { type AppInput, type Scope, useAppActions } from "./queries";

interface Props {
  scope: Scope;
  network: NetworkApps;
  /** The one to change; none for a new one. */
  app: AppView | null;
  onClose: () => void;
}

/** Where to register, what to register, and where the network's answer goes. */
export function AppForm({ scope, network, app, onClose }: Props) {
  const { t } = useTranslation();
  const { save, test } = useAppActions(scope, network.network);
  const [instance, setInstance] = useState(app?.instance ?? "");
  const [clientId, setClientId] = useState(app?.client_id ?? "");
  const [secret, setSecret] = useState("");
  const [botToken, setBotToken] = useState("");
  const failed = save.error ?? test.error;
  const problem = failed ? asProblem(failed) : null;
  const { byField, others } = fieldErrors(problem, {
    "/instance": "instance",
    "/client_id": "clientId",
    "/client_secret": "secret",
    "/bot_token": "botToken",
  });
  const isBot = network.kind === "bot";
  const input = (): AppInput => ({
    ...(network.many_servers && instance.trim() && { instance: instance.trim() }),
    ...(!isBot && { client_id: clientId.trim() }),
    ...(secret.trim() && { client_secret: secret.trim() }),
    ...((isBot || botToken.trim()) && { bot_token: botToken.trim() }),
  });
  const secretText = (kept: boolean | undefined) =>
    kept && clientId.trim() === app?.client_id
      ? `${t("admin.apps.secretText")} ${t("admin.apps.secretStays")}`
      : t("admin.apps.secretText");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    test.reset();
    save.mutate(input(), {
      onSuccess: () => {
        toast.done(t(isBot ? "admin.apps.savedBot" : "admin.apps.saved", { network: network.name }));
        onClose();
      },
    });
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={t(isBot ? "admin.apps.formTitleBot" : "admin.apps.formTitle", { network: network.name })}
      closeButtonProps={{ "aria-label": t("common.close") }}
      size="lg"
    >
      <form onSubmit={submit} noValidate>
        <Stack gap="sm">
          <FormProblem problem={problem} others={others} />
          <Text size="sm">
            {t(isBot ? "admin.apps.makeBot" : "admin.apps.register", { network: network.name })}
          </Text>
          {network.redirect_uri && (
            <div>
              <Text size="sm" fw={600} mb={4}>
                {t("admin.apps.redirectUri")}
              </Text>
              <Group gap="xs">
                <Code className={classes.uri}>{network.redirect_uri}</Code>
                <CopyButton value={network.redirect_uri} label={t("admin.apps.copyRedirectUri")} size="xs" />
              </Group>
            </div>
          )}
          <Group gap="md">
            {network.console && (
              <Anchor href={network.console} target="_blank" rel="noreferrer" size="sm">
                {t("admin.apps.console")}
                <span className="visually-hidden"> ({t("common.opensNewTab")})</span>
              </Anchor>
            )}
            <DocsLink href={network.docs}>{t("admin.apps.docs")}</DocsLink>
          </Group>
          {network.many_servers && (
            <TextInput
              label={t("admin.apps.instance")}
              description={t("admin.apps.instanceText")}
              placeholder={network.instance_placeholder ?? undefined}
              value={instance}
              onChange={(event) => setInstance(event.currentTarget.value)}
              disabled={app !== null}
              error={byField.instance}
              autoCapitalize="none"
              spellCheck={false}
            />
          )}
          {!isBot && (
            <>
              <TextInput
                label={t("admin.apps.clientId")}
                value={clientId}
                onChange={(event) => setClientId(event.currentTarget.value)}
                error={byField.clientId}
                autoComplete="off"
                autoCapitalize="none"
                spellCheck={false}
                required
                data-autofocus
              />
              <PasswordInput
                label={t("admin.apps.clientSecret")}
                description={secretText(app?.has_secret)}
                value={secret}
                onChange={(event) => setSecret(event.currentTarget.value)}
                error={byField.secret}
                autoComplete="off"
              />
            </>
          )}
          {network.kind !== "client" && (
            <PasswordInput
              label={t("admin.apps.botToken")}
              description={isBot ? t("admin.apps.secretText") : secretText(app?.has_bot_token)}
              placeholder={network.token_example ?? undefined}
              required={isBot}
              data-autofocus={isBot || undefined}
              value={botToken}
              onChange={(event) => setBotToken(event.currentTarget.value)}
              error={byField.botToken}
              autoComplete="off"
            />
          )}
          <AppTestResult network={network} test={test} />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t("common.cancel")}
            </Button>
            <Button
              variant="default"
              loading={test.isPending}
              onClick={() => {
                save.reset();
                test.mutate(input());
              }}
            >
              {t("admin.apps.testBefore")}
            </Button>
            <Button type="submit" loading={save.isPending}>
              {t("admin.apps.save")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
