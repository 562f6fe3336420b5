/** A ref that puts the focus on the first field of what has just appeared: who opened it goes on there. */
export function focusFirst(element: HTMLElement | null): void {
  element?.querySelector<HTMLElement>("input, select, textarea")?.focus();
}
