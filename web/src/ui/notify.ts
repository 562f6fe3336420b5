import { notifications } from "@mantine/notifications";

import { problemOf } from "@/client/problem";

/** What a screen reader calls the cross. */
const CLOSE = { "aria-label": "Close" };

/** A pop-up that says what went wrong and what to do. It stays until it is closed. */
export function notifyProblem(error: unknown, what?: string): void {
  const { title, detail, remedy } = problemOf(error);
  const message = [detail === title ? "" : detail, remedy].filter(Boolean).join(" ");
  notifications.show({ title: what ?? title, message: message || title, color: "red.9", autoClose: 12_000, withBorder: true, closeButtonProps: CLOSE });
}

export function notifyDone(message: string): void {
  notifications.show({ message, color: "pine", autoClose: 4000, withBorder: true, closeButtonProps: CLOSE });
}
