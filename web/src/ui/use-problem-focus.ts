import { type RefObject, useEffect, useRef } from "react";

/** A ref for a form, or what has it: when `error` comes back, the focus goes to the first field that it is about. */
export function useProblemFocus<Element extends HTMLElement = HTMLFormElement>(error: unknown): RefObject<Element | null> {
  const form = useRef<Element>(null);
  useEffect(() => {
    if (error) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [error]);
  return form;
}
