import { Button, SimpleGrid, Skeleton, Stack, Text, TextInput, Title } from "@mantine/core";
import { IconChevronRight, IconPlugConnected, IconSearch } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { lazy, Suspense, useDeferredValue, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Network } from "@/api/types";
import { useNetworks } from "@/app/queries";
import { Empty } from "@/components/empty";
import { NetworkMark } from "@/components/network-mark";
import { Page } from "@/components/page";
import { ProblemView } from "@/components/problem-view";
import classes from "./add-page.module.css";

const AbilitiesTable = lazy(() =>
  import("./abilities-table").then((module) => ({ default: module.AbilitiesTable })),
);

function matches(network: Network, query: string): boolean {
  const text = `${network.id} ${network.name} ${network.summary}`.toLocaleLowerCase();
  return query
    .toLocaleLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

export function AddChannelPage() {
  const { t } = useTranslation();
  const networks = useNetworks();
  const [query, setQuery] = useState("");
  const wanted = useDeferredValue(query.trim());
  const found = (networks.data ?? []).filter((network) => matches(network, wanted));
  const atOnce = found.filter((network) => network.works_at_once);
  const withApp = found.filter((network) => !network.works_at_once);
  return (
    <Page title={t("connect.addTitle")} lead={t("connect.addLead")} width="reading">
      <TextInput
        type="search"
        leftSection={<IconSearch size={16} aria-hidden />}
        placeholder={t("connect.search")}
        aria-label={t("connect.search")}
        value={query}
        onChange={(event) => setQuery(event.currentTarget.value)}
        mb="lg"
        autoFocus
      />
      {networks.error && <ProblemView error={networks.error} onRetry={() => networks.refetch()} />}
      {networks.isPending && <Loading />}
      {networks.data?.length === 0 && (
        <Empty
          icon={<IconPlugConnected size={40} />}
          title={t("connect.noNetworks")}
          text={t("connect.noNetworksText")}
        />
      )}
      {networks.data && networks.data.length > 0 && found.length === 0 && (
        <Empty
          icon={<IconSearch size={40} />}
          title={t("connect.noMatch", { query: wanted })}
          text={t("connect.noMatchText")}
        >
          <Button variant="default" onClick={() => setQuery("")}>
            {t("connect.showAll")}
          </Button>
        </Empty>
      )}
      <Stack gap="xl">
        {atOnce.length > 0 && (
          <Section
            title={t("connect.atOnce")}
            text={t("connect.atOnceText")}
            networks={playgroundFirst(atOnce)}
          />
        )}
        {withApp.length > 0 && (
          <Section title={t("connect.needsApp")} text={t("connect.needsAppText")} networks={withApp} />
        )}
        {found.length > 0 && <CanDo networks={found} />}
      </Stack>
    </Page>
  );
}

/** What each network takes and can do, for who compares them. */
function CanDo({ networks }: { networks: Network[] }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className={classes.canDo}>{t("connect.canDo")}</summary>
      {open && (
        <Suspense fallback={<Skeleton h={200} mt="xs" aria-hidden />}>
          <AbilitiesTable networks={networks} />
        </Suspense>
      )}
    </details>
  );
}

/** The network that comes with Crier is the easiest to begin with. */
export function playgroundFirst(networks: Network[]): Network[] {
  return [...networks].sort((a, b) => Number(b.id === "playground") - Number(a.id === "playground"));
}

function Section({ title, text, networks }: { title: string; text: string; networks: Network[] }) {
  return (
    <section>
      <Title order={2}>{title}</Title>
      <Text c="dimmed" size="sm" mb="sm">
        {text}
      </Text>
      <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }} spacing="sm">
        {networks.map((network) => (
          <NetworkCard key={network.id} network={network} />
        ))}
      </SimpleGrid>
    </section>
  );
}

export function NetworkCard({ network }: { network: Network }) {
  const { t } = useTranslation();
  return (
    <Link to="/channels/add/$network" params={{ network: network.id }} className={classes.card}>
      <NetworkMark id={network.id} name={network.name} color={network.color} size={36} />
      <span className={classes.words}>
        <span className={classes.name}>{network.name}</span>
        <span className={classes.summary}>{network.summary}</span>
        {!network.works_at_once && (
          <span className={classes.note}>{t(network.configured ? "connect.ready" : "connect.notReady")}</span>
        )}
      </span>
      <IconChevronRight size={18} aria-hidden className={classes.chevron} />
    </Link>
  );
}

function Loading() {
  return (
    <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }} spacing="sm" aria-hidden>
      {[1, 2, 3, 4, 5, 6].map((key) => (
        <Skeleton key={key} h={88} radius="md" />
      ))}
    </SimpleGrid>
  );
}
