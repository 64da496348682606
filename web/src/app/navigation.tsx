import { ActionIcon, Group, Menu, Stack, Text, UnstyledButton, useMantineColorScheme } from "@mantine/core";
import {
  IconBell,
  IconCalendar,
  IconCheck,
  IconChevronDown,
  IconDeviceDesktop,
  IconFlag,
  IconKeyboard,
  IconLogout,
  IconMoon,
  IconPencilPlus,
  IconPlugConnected,
  IconRecycle,
  IconServerCog,
  IconSettings,
  IconSun,
  IconUsersGroup,
} from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useLocation } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { api, call } from "@/api/client";
import { ButtonLink, NavLinkTo } from "@/components/links";
import { toast } from "@/components/toast";
import { useFirstRun } from "@/features/first-run/state";
import classes from "./navigation.module.css";
import { openAttemptsQuery, unreadQuery, useNetworkMap, waitsForPerson } from "./queries";
import { useForgetSession, useSession } from "./session";

export function Navigation({ onHelp }: { onHelp: () => void }) {
  const { t } = useTranslation();
  const firstRun = useFirstRun();
  const { user } = useSession();
  return (
    <Stack gap="xs" p="xs" h="100%" mih={420}>
      <WorkspaceMenu />
      <ButtonLink
        to="/posts/new"
        leftSection={<IconPencilPlus size={18} aria-hidden />}
        rightSection={<kbd className={classes.key}>c</kbd>}
        justify="space-between"
        fullWidth
      >
        {t("shell.compose")}
      </ButtonLink>
      <Stack gap={2} mt={4}>
        <Item to="/calendar" icon={<IconCalendar size={18} aria-hidden />} label={t("shell.calendar")} />
        <Item to="/channels" icon={<IconPlugConnected size={18} aria-hidden />} label={t("shell.channels")} />
        <Item to="/evergreen" icon={<IconRecycle size={18} aria-hidden />} label={t("shell.evergreen")} />
        <NoticesItem />
        <Item to="/settings" icon={<IconSettings size={18} aria-hidden />} label={t("shell.settings")} />
        {user.is_admin && (
          <Item to="/admin" icon={<IconServerCog size={18} aria-hidden />} label={t("shell.admin")} />
        )}
        {firstRun.offered && (
          <Item to="/welcome" icon={<IconFlag size={18} aria-hidden />} label={t("shell.gettingStarted")} />
        )}
      </Stack>
      <OpenAttempts />
      <Group mt="auto" gap={4} justify="space-between" wrap="nowrap">
        <AccountMenu />
        <Group gap={2} wrap="nowrap">
          <ActionIcon
            variant="subtle"
            color="gray"
            className={classes.quiet}
            size="lg"
            onClick={onHelp}
            aria-label={t("shell.help.open")}
            title={t("shell.help.open")}
          >
            <IconKeyboard size={18} aria-hidden />
          </ActionIcon>
          <ThemeMenu />
        </Group>
      </Group>
    </Stack>
  );
}

type Place = "/admin" | "/calendar" | "/channels" | "/evergreen" | "/notices" | "/settings" | "/welcome";

/** The bell, with how much is new. */
function NoticesItem() {
  const { t } = useTranslation();
  const { workspace } = useSession();
  const { data } = useQuery({ ...unreadQuery(workspace.id), refetchInterval: 5 * 60_000 });
  const count = data?.unread ?? 0;
  const shown = count >= 100 ? "99+" : String(count);
  return (
    <Item
      to="/notices"
      icon={<IconBell size={18} aria-hidden />}
      label={t("shell.notices")}
      mark={
        count > 0 && (
          <span className={classes.count}>
            {shown}
            <span className="visually-hidden"> {t("shell.unread")}</span>
          </span>
        )
      }
    />
  );
}

interface ItemProps {
  to: Place;
  icon: ReactNode;
  label: string;
  mark?: ReactNode;
}

function Item({ to, icon, label, mark }: ItemProps) {
  const { pathname } = useLocation();
  const active = pathname === to || pathname.startsWith(`${to}/`);
  return (
    <NavLinkTo
      to={to}
      label={label}
      leftSection={icon}
      rightSection={mark}
      active={active}
      aria-current={active ? "page" : undefined}
      className={classes.item}
    />
  );
}

/** Handshakes that wait for the person: for a choice, an answer or a confirmation. */
function OpenAttempts() {
  const { t } = useTranslation();
  const { workspace } = useSession();
  const networks = useNetworkMap();
  const { data } = useQuery({ ...openAttemptsQuery(workspace.id), refetchInterval: 60_000 });
  const waiting = data?.filter(waitsForPerson) ?? [];
  if (waiting.length === 0) return null;
  return (
    <section aria-label={t("shell.unfinished")}>
      {waiting.slice(0, 5).map((attempt) => (
        <NavLinkTo
          key={attempt.id}
          to="/connect/$attempt"
          params={{ attempt: attempt.id }}
          label={t("shell.finishConnecting", {
            network: networks.get(attempt.network)?.name ?? attempt.network,
          })}
          leftSection={<span className={classes.waiting} aria-hidden />}
          className={classes.item}
        />
      ))}
    </section>
  );
}

function WorkspaceMenu() {
  const { t } = useTranslation();
  const { workspace, workspaces, switchTo } = useSession();
  const name = (
    <Group gap="xs" wrap="nowrap" miw={0}>
      <img src="/favicon.svg" alt="" width={24} height={24} />
      <Text fw={650} truncate size="sm">
        {workspace.name}
      </Text>
    </Group>
  );
  if (workspaces.length < 2) return <div className={classes.workspace}>{name}</div>;
  return (
    <Menu width="target" position="bottom-start">
      <Menu.Target>
        <UnstyledButton
          className={classes.workspace}
          data-button
          aria-label={t("shell.switchWorkspace", { name: workspace.name })}
        >
          {name}
          <IconChevronDown size={16} aria-hidden />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t("shell.workspace")}</Menu.Label>
        {workspaces.map((item) => (
          <Menu.Item
            key={item.id}
            leftSection={<IconUsersGroup size={16} aria-hidden />}
            rightSection={item.id === workspace.id ? <IconCheck size={16} aria-hidden /> : null}
            onClick={() => switchTo(item.id)}
          >
            {item.name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function AccountMenu() {
  const { t } = useTranslation();
  const { user } = useSession();
  const forget = useForgetSession();
  const signOut = useMutation({
    mutationFn: () => call(api.POST("/api/v1/auth/sign-out")),
    onSuccess: forget,
    onError: (error) => toast.failed(error),
  });
  return (
    <Menu position="top-start" width={220}>
      <Menu.Target>
        <UnstyledButton className={classes.account}>
          <span className={classes.initial} aria-hidden>
            {(user.name.trim()[0] ?? "?").toUpperCase()}
          </span>
          <Text size="sm" truncate>
            {user.name}
          </Text>
          <span className="visually-hidden"> ({t("shell.account")})</span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{user.email}</Menu.Label>
        <Menu.Item component={Link} to="/settings" leftSection={<IconSettings size={16} aria-hidden />}>
          {t("shell.settings")}
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => signOut.mutate()}>
          {t("shell.signOut")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function ThemeMenu() {
  const { t } = useTranslation();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const choices = [
    ["light", IconSun],
    ["dark", IconMoon],
    ["auto", IconDeviceDesktop],
  ] as const;
  const Current = choices.find(([name]) => name === colorScheme)?.[1] ?? IconDeviceDesktop;
  return (
    <Menu position="top-end">
      <Menu.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          className={classes.quiet}
          size="lg"
          aria-label={t("shell.theme.label")}
          title={t("shell.theme.label")}
        >
          <Current size={18} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {choices.map(([name, Icon]) => (
          <Menu.Item
            key={name}
            role="menuitemradio"
            aria-checked={name === colorScheme}
            leftSection={<Icon size={16} aria-hidden />}
            rightSection={name === colorScheme ? <IconCheck size={16} aria-hidden /> : null}
            onClick={() => setColorScheme(name)}
          >
            {t(`shell.theme.${name}`)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
