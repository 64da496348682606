import "@mantine/notifications/styles.css";
import { Notifications } from "@mantine/notifications";

/** Where toasts appear. What is told before this is loaded waits for it. */
export function Notices() {
  return <Notifications position="bottom-right" limit={4} />;
}
