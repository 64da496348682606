import "@/i18n/connecting";
import { Button, Group, Radio, Skeleton, Stack, Text, TextInput, Title } from "@mantine/core";
import { IconArrowRight, IconChevronRight } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useLocation, useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { keys } from "@/api/keys";
import { asProblem, type Problem } from "@/api/problem";
import type { Invitation, Network, Way } from "@/api/types";
import { useFormat } from "@/app/format";
import { AnchorLink } from "@/components/links";
import { NetworkMark } from "@/components/network-mark";
import { usePageTitle } from "@/components/page";
import { ProblemView } from "@/components/problem-view";
import classes from "@/features/connect/add-page.module.css";
import { CredentialFields } from "@/features/connect/credential-fields";
import { useConnectForm } from "@/features/connect/use-connect-form";
import { beginLabel, leavesBy } from "@/features/connect/way-words";
import { GuestSession } from "./guest-session";
import { PasteLink } from "./paste-link";
import { invitationQuery, openInvite } from "./queries";

/** Who asks, for what, and where the guest's account may be. */
export function InvitePage() {
  const { t } = useTranslation();
  const [opening, failed] = useOpenedLink();
  const { data, error, isPending } = useQuery({ ...invitationQuery, enabled: !opening && !failed });
  const problem = failed ?? (error ? asProblem(error) : null);
  if (problem) return <Closed problem={problem} />;
  if (isPending || !data) {
    return (
      <Stack aria-busy>
        <Title order={1}>{t("invite.opening")}</Title>
        <Skeleton h={120} aria-hidden />
      </Stack>
    );
  }
  if (data.uses_left === 0) return <UsedUp />;
  return (
    <GuestSession invitation={data}>
      <Welcome invitation={data} />
    </GuestSession>
  );
}

/**
 * Opens the link in the address bar: its token goes from the fragment, which no server sees, into a cookie that no script
 * reads, and out of the address.
 */
function useOpenedLink(): [boolean, Problem | null] {
  const { hash } = useLocation();
  const token = hash.replace(/^#/, "");
  const client = useQueryClient();
  const navigate = useNavigate();
  const [failed, setFailed] = useState<Problem | null>(null);
  useEffect(() => {
    if (!token) return;
    let gone = false;
    setFailed(null);
    openInvite(token).then(
      (invitation) => {
        if (gone) return;
        client.setQueryData(keys.invitation, invitation);
        void navigate({ to: "/invite", replace: true });
      },
      (error: unknown) => !gone && setFailed(asProblem(error)),
    );
    return () => {
      gone = true;
    };
  }, [token, client, navigate]);
  return [token !== "" && failed === null, failed];
}

function Closed({ problem }: { problem: Problem }) {
  const { t } = useTranslation();
  const none = problem.code === "invite.required";
  usePageTitle(t(none ? "invite.none" : "invite.closed"));
  return (
    <Stack>
      <Title order={1}>{t(none ? "invite.none" : "invite.closed")}</Title>
      {none ? <Text>{t("invite.noneText")}</Text> : <ProblemView error={problem} />}
      <PasteLink />
    </Stack>
  );
}

function UsedUp() {
  const { t } = useTranslation();
  usePageTitle(t("invite.usedUp"));
  return (
    <Stack>
      <Title order={1}>{t("invite.usedUp")}</Title>
      <Text>{t("invite.usedUpText")}</Text>
      <PasteLink />
    </Stack>
  );
}

function Welcome({ invitation }: { invitation: Invitation }) {
  const { t } = useTranslation();
  const format = useFormat();
  const search = useSearch({ from: "/invited/invite" });
  const { person, workspace, networks } = invitation;
  const only = networks.length === 1 ? networks[0] : undefined;
  const chosen = only ?? networks.find((network) => network.id === search.network);
  const title = t("invite.title", { person });
  usePageTitle(title);
  return (
    <Stack gap="lg">
      <div>
        <Title order={1} style={{ overflowWrap: "anywhere" }}>
          {title}
        </Title>
        <Text mt="xs" style={{ overflowWrap: "anywhere" }}>
          {t("invite.lead", { workspace })}
        </Text>
        <Text size="sm" c="dimmed" mt="xs">
          {t("invite.left", { count: invitation.uses_left, when: format.date(invitation.expires_at) })}
        </Text>
      </div>
      {networks.length === 0 && <Text>{t("invite.noNetworks", { person })}</Text>}
      {chosen ? (
        <ConnectForm key={chosen.id} network={chosen} person={person} back={!only} />
      ) : (
        networks.length > 0 && <Choices networks={networks} person={person} />
      )}
    </Stack>
  );
}

function Choices({ networks, person }: { networks: Network[]; person: string }) {
  const { t } = useTranslation();
  return (
    <section aria-labelledby="choose">
      <Title order={2} size="h4" id="choose" mb="sm">
        {t("invite.choose")}
      </Title>
      <Stack gap="xs">
        {networks.map((network) => (
          <Link key={network.id} to="/invite" search={{ network: network.id }} className={classes.card}>
            <NetworkMark id={network.id} name={network.name} color={network.color} size={36} />
            <span className={classes.words}>
              <span className={classes.name}>{network.name}</span>
              <span className={classes.summary}>{network.summary}</span>
              {!network.configured && (
                <span className={classes.note}>{t("invite.notReady", { person })}</span>
              )}
            </span>
            <IconChevronRight size={18} aria-hidden className={classes.chevron} />
          </Link>
        ))}
      </Stack>
    </section>
  );
}

interface FormProps {
  network: Network;
  person: string;
  /** Whether there are other networks to go back to. */
  back: boolean;
}

function ConnectForm({ network, person, back }: FormProps) {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState(network.ways[0]?.id);
  const way = network.ways.find(({ id }) => id === chosen);
  return (
    <Stack>
      <Group gap="sm" wrap="nowrap">
        <NetworkMark id={network.id} name={network.name} color={network.color} size={32} />
        <Title order={2} size="h3">
          {t("invite.network", { network: network.name })}
        </Title>
      </Group>
      {!network.configured && <Text c="dimmed">{t("invite.notReady", { person })}</Text>}
      {network.ways.length > 1 && (
        <Radio.Group label={t("connect.ways")} value={chosen} onChange={setChosen}>
          <Stack gap="sm" mt="xs">
            {network.ways.map((item) => (
              <Radio key={item.id} value={item.id} label={item.name} description={item.help || undefined} />
            ))}
          </Stack>
        </Radio.Group>
      )}
      {way && <WayForm key={way.id} network={network} way={way} />}
      {back && (
        <AnchorLink to="/invite" size="sm">
          {t("invite.back")}
        </AnchorLink>
      )}
    </Stack>
  );
}

function WayForm({ network, way }: { network: Network; way: Way }) {
  const { t } = useTranslation();
  const element = useRef<HTMLFormElement>(null);
  const form = useConnectForm(network, way, {
    focus: (name) =>
      element.current?.querySelector<HTMLElement>(`[data-field="${CSS.escape(name)}"]`)?.focus(),
  });
  const leaves = leavesBy(way);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void form.submit({ newTab: false, anyway: true });
  };
  return (
    <form onSubmit={submit} noValidate ref={element}>
      <Stack>
        {way.instance && (
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
        {form.problem && <ProblemView error={form.problem} errors={form.otherErrors} />}
        <Group gap="xs">
          <Button
            type="submit"
            loading={form.busy}
            rightSection={leaves ? <IconArrowRight size={18} aria-hidden /> : null}
          >
            {beginLabel(t, network, way)}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
