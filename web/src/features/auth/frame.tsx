import { Paper, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { usePageTitle } from "@/components/page";
import classes from "./frame.module.css";

interface Props {
  title: string;
  text: string;
  children: ReactNode;
}

/** The page of those who are not signed in. */
export function AuthFrame({ title, text, children }: Props) {
  usePageTitle(title);
  return (
    <main className={classes.page} id="main">
      <div className={classes.column}>
        <div className={classes.brand}>
          <img src="/favicon.svg" alt="" width={36} height={36} />
          <span>Crier</span>
        </div>
        <Paper withBorder p={{ base: "md", xs: "xl" }} radius="lg">
          <Stack gap={4} mb="md">
            <Title order={1}>{title}</Title>
            <Text c="dimmed" size="sm">
              {text}
            </Text>
          </Stack>
          {children}
        </Paper>
      </div>
    </main>
  );
}
