import { Text, Title } from "@mantine/core";
import { type ReactNode, useId } from "react";
import classes from "./section.module.css";

interface Props {
  title: string;
  text: string;
  children: ReactNode;
}

/** One subject of the settings: what it is on the left, what can be set on the right. */
export function Section({ title, text, children }: Props) {
  const id = useId();
  return (
    <section className={classes.root} aria-labelledby={id}>
      <div>
        <Title order={2} id={id}>
          {title}
        </Title>
        <Text size="sm" c="dimmed" mt={2}>
          {text}
        </Text>
      </div>
      <div className={classes.content}>{children}</div>
    </section>
  );
}
