import { Group, Stack, Text, Title } from "@mantine/core";
import { type ReactNode, useEffect } from "react";
import classes from "./page.module.css";

export function usePageTitle(title: string) {
  useEffect(() => {
    document.title = title ? `${title} · Crier` : "Crier";
  }, [title]);
}

interface PageProps {
  title: string;
  /** Shown in place of the title where it needs more than text. */
  heading?: ReactNode;
  lead?: ReactNode;
  actions?: ReactNode;
  width?: "narrow" | "reading" | "full";
  children: ReactNode;
}

/** The frame of every page: its title (also the document's), actions, content. */
export function Page({ title, heading, lead, actions, width = "full", children }: PageProps) {
  usePageTitle(title);
  return (
    <div className={classes.page} data-width={width}>
      <Group justify="space-between" align="flex-start" gap="sm" mb="md">
        <Stack gap={4} miw={0} flex="1 1 14rem">
          <Title order={1} className={classes.title}>
            {heading ?? title}
          </Title>
          {lead && (
            <Text c="dimmed" size="sm" maw="65ch">
              {lead}
            </Text>
          )}
        </Stack>
        {actions && (
          <Group gap="xs" wrap="wrap">
            {actions}
          </Group>
        )}
      </Group>
      {children}
    </div>
  );
}
