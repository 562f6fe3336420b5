import { type RefObject, useEffect, useRef } from "react";

/** A ref for a form: when `error` comes back, the focus goes to the first field that it is about. */
export function useProblemFocus(error: unknown): RefObject<HTMLFormElement | null> {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (error) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [error]);
  return form;
}
