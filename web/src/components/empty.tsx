import { Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

interface Props {
  icon: ReactNode;
  title: string;
  text: string;
  /** 1 where it is all of a page. */
  headingOrder?: 1 | 2;
  children?: ReactNode;
}

/** A place with nothing in it yet, and what to do about that. */
export function Empty({ icon, title, text, headingOrder = 2, children }: Props) {
  return (
    <Stack align="center" gap="xs" py={48} px="md" ta="center">
      <Text c="dimmed" aria-hidden component="div" lh={0}>
        {icon}
      </Text>
      <Title order={headingOrder} size="h3">
        {title}
      </Title>
      <Text c="dimmed" maw="46ch">
        {text}
      </Text>
      {children}
    </Stack>
  );
}
