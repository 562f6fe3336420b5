import type { Repository, Version } from "@/client/types";
import { LinkButton } from "@/ui/links";

type Props = { repository: Repository; newest: Version | undefined };

/** What to do where no version is ready: look at the one under way, or push the first. Nothing for who may do neither. */
export function NextStep({ repository: { owner, name, can_write }, newest }: Props) {
  if (newest)
    return <LinkButton to="/$owner/$name/versions/$number" params={{ owner, name, number: String(newest.number) }}>Show version {newest.number}</LinkButton>;
  return can_write ? <LinkButton to="/$owner/$name/push" params={{ owner, name }}>Push the first version</LinkButton> : null;
}

/** Why none is ready. */
export function whyNothingReady(newest: Version | undefined): string {
  if (!newest) return "Nothing was pushed yet.";
  return newest.state === "failed" ? `Version ${newest.number} could not be made; its page says why.` : `Version ${newest.number} is being made.`;
}
