import "@/i18n/connecting";
import {
  Button,
  Code,
  Group,
  List,
  Paper,
  Radio,
  Skeleton,
  Stack,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { IconArrowRight, IconExternalLink } from "@tabler/icons-react";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { type FormEvent, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Channel, Network, Way } from "@/api/types";
import { useChannelMap, useNetworkMap, useNetworks } from "@/app/queries";
import { CopyButton } from "@/components/copy-button";
import { AnchorLink } from "@/components/links";
import { NetworkMark } from "@/components/network-mark";
import { Page } from "@/components/page";
import { DocsLink, ProblemView } from "@/components/problem-view";
import { CredentialFields } from "./credential-fields";
import { failedChecks, Preflight } from "./preflight";
import { wayOf } from "./queries";
import { useConnectForm } from "./use-connect-form";
import { beginLabel, leavesBy } from "./way-words";

/** Everything before leaving for one network: what it asks, its form, the checks. */
export function NetworkPage() {
  const { t } = useTranslation();
  const { network: id } = useParams({ from: "/signed-in/channels/add/$network" });
  const networks = useNetworks();
  const network = useNetworkMap().get(id);
  const search = useSearch({ from: "/signed-in/channels/add/$network" });
  const channel = useChannelMap().get(search.channel ?? "");
  const way = wayOf(network, search.way ?? channel?.way);
  if (networks.error) {
    return (
      <Page title={t("connect.addTitle")} width="narrow">
        <ProblemView error={networks.error} onRetry={() => networks.refetch()} />
      </Page>
    );
  }
  if (!networks.data) {
    return (
      <Page title={t("connect.addTitle")} width="narrow">
        <Stack aria-hidden>
          <Skeleton h={60} />
          <Skeleton h={180} />
        </Stack>
      </Page>
    );
  }
  if (!network || !way) {
    return (
      <Page title={t("connect.addTitle")} width="narrow">
        <Stack>
          <Text>{t("connect.unknownNetwork", { network: id })}</Text>
          <AnchorLink to="/channels/add">{t("connect.showAll")}</AnchorLink>
        </Stack>
      </Page>
    );
  }
  return <WayForm key={`${network.id} ${way.id}`} network={network} way={way} channel={channel} />;
}

function WayForm({ network, way, channel }: { network: Network; way: Way; channel?: Channel }) {
  const { t } = useTranslation();
  const search = useSearch({ from: "/signed-in/channels/add/$network" });
  const formElement = useRef<HTMLFormElement>(null);
  const form = useConnectForm(network, way, {
    channel: search.channel,
    instance: search.instance ?? channel?.instance ?? undefined,
    focus: (name) =>
      formElement.current?.querySelector<HTMLElement>(`[data-field="${CSS.escape(name)}"]`)?.focus(),
  });
  const leaves = leavesBy(way);
  const warned =
    form.checked && (failedChecks(form.preflight.data).length > 0 || form.preflight.error !== null);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    form.submit({ newTab: false, anyway: warned });
  };

  return (
    <Page
      title={
        channel
          ? t("connect.reconnectTitle", { channel: channel.name })
          : t("connect.title", { network: network.name })
      }
      heading={
        <Group gap="sm" wrap="nowrap">
          <NetworkMark id={network.id} name={network.name} color={network.color} size={32} />
          <span>
            {channel
              ? t("connect.reconnectTitle", { channel: channel.name })
              : t("connect.title", { network: network.name })}
          </span>
        </Group>
      }
      lead={channel ? t("connect.reconnectLead", { handle: channel.handle }) : network.summary}
      width="narrow"
    >
      <form onSubmit={submit} noValidate ref={formElement}>
        <Stack gap="lg">
          {network.ways.length > 1 && <Ways network={network} way={way} />}
          {way.instance && !(channel && way.instance.is_account) && (
            <TextInput
              label={way.instance.label}
              description={way.instance.help}
              placeholder={way.instance.placeholder}
              value={form.instance}
              onChange={(event) => form.setInstance(event.currentTarget.value)}
              error={form.errors.instance}
              data-field="instance"
              inputMode="url"
              autoCapitalize="none"
              autoComplete="off"
              spellCheck={false}
              required
            />
          )}
          {!leaves && (
            <CredentialFields
              fields={way.fields}
              values={form.values}
              errors={form.errors}
              onChange={form.setValue}
            />
          )}
          {!network.configured && <AppSetup network={network} />}
          {way.scopes.length > 0 && <Asks way={way} />}
          {form.checked && <Preflight network={network.name} checks={form.preflight} />}
          {form.problem && <ProblemView error={form.problem} errors={form.otherErrors} />}
          <Group gap="xs">
            <Button
              type="submit"
              loading={form.busy}
              rightSection={leaves ? <IconArrowRight size={18} aria-hidden /> : null}
            >
              {warned ? t("connect.goOn") : beginLabel(t, network, way)}
            </Button>
            {leaves && (
              <Button
                variant="default"
                disabled={form.busy}
                leftSection={<IconExternalLink size={18} aria-hidden />}
                onClick={() => form.submit({ newTab: true, anyway: warned })}
              >
                {t("connect.newTab")}
              </Button>
            )}
            <DocsLink href={network.docs}>{t("connect.docs", { network: network.name })}</DocsLink>
          </Group>
        </Stack>
      </form>
    </Page>
  );
}

/** The choice between a network's ways to connect; it stays in the address. */
function Ways({ network, way }: { network: Network; way: Way }) {
  const { t } = useTranslation();
  const navigate = useNavigate({ from: "/channels/add/$network" });
  return (
    <Radio.Group
      label={t("connect.ways")}
      value={way.id}
      onChange={(id) => void navigate({ search: (before) => ({ ...before, way: id }), replace: true })}
    >
      <Stack gap="sm" mt="xs">
        {network.ways.map((item, index) => (
          <Radio
            key={item.id}
            value={item.id}
            label={index === 0 ? t("connect.wayRecommended", { way: item.name }) : item.name}
            description={item.help || undefined}
          />
        ))}
      </Stack>
    </Radio.Group>
  );
}

function Asks({ way }: { way: Way }) {
  const { t } = useTranslation();
  return (
    <section>
      <Title order={2} size="h4" mb={4}>
        {t("connect.asks")}
      </Title>
      <List size="sm" spacing={4}>
        {way.scopes.map((scope) => (
          <List.Item key={scope.id}>
            {scope.why} <Code style={{ overflowWrap: "anywhere" }}>{scope.id}</Code>
            {!scope.required && (
              <Text span size="sm" c="dimmed">
                {" "}
                {t("connect.asksOptional")}
              </Text>
            )}
          </List.Item>
        ))}
      </List>
    </section>
  );
}

/** What to do at the network's developer console before anybody can connect. */
function AppSetup({ network }: { network: Network }) {
  const { t } = useTranslation();
  const uri = network.redirect_uri;
  return (
    <Paper withBorder p="md">
      <Title order={2} size="h4" mb="xs">
        {t("connect.appTitle", { network: network.name })}
      </Title>
      <List type="ordered" size="sm" spacing="xs">
        <List.Item>
          {t("connect.appConsole", { network: network.name })}{" "}
          {network.console && (
            <DocsLink inText href={network.console}>
              {t("connect.appConsoleOpen")}
            </DocsLink>
          )}
        </List.Item>
        <List.Item>
          {t("connect.appRedirect")}
          <Group gap="xs" mt={4}>
            <Code style={{ overflowWrap: "anywhere" }}>{uri}</Code>
            <CopyButton size="compact-sm" value={uri} label={t("common.copy")} />
          </Group>
        </List.Item>
        <List.Item>
          {t("connect.appKeys")}{" "}
          <DocsLink inText href={network.docs}>
            {t("connect.docs", { network: network.name })}
          </DocsLink>
        </List.Item>
      </List>
    </Paper>
  );
}
