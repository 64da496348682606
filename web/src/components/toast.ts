import { type NotificationData, notifications } from "@mantine/notifications";
import type { ReactNode } from "react";
import { asProblem } from "@/api/problem";
import { i18n } from "@/i18n";
import { problemWords } from "./problem-words";

function show(data: NotificationData) {
  notifications.show({ closeButtonProps: { "aria-label": i18n.t("common.close") }, ...data });
}

export const toast = {
  done(message: ReactNode, id?: string) {
    show({ id, message, color: "petrol", autoClose: 5000 });
  },
  /** Something to know that is no failure: why a thing is not done. */
  told(message: ReactNode) {
    show({ message, color: "gray", autoClose: 8000 });
  },
  /** A failure that is not shown in its place on the page. */
  failed(error: unknown, title?: string) {
    const words = problemWords(asProblem(error));
    show({
      color: "red",
      title: title ?? words.title,
      message: title ? `${words.title}. ${words.text}` : words.text,
      autoClose: 12_000,
    });
  },
};
