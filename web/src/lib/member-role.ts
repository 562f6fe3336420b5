import type { MemberRole } from "@/client/types";

const ORDER: MemberRole[] = ["reader", "contributor", "maintainer", "owner"];

/** Whether who has the role may do what takes the `needed` one; null is no role. */
export function allows(role: MemberRole | null | undefined, needed: MemberRole): boolean {
  return Boolean(role) && ORDER.indexOf(role as MemberRole) >= ORDER.indexOf(needed);
}

/** Whether the role may commit to a branch: protected ones are the maintainers'. */
export function mayCommit(role: MemberRole | null | undefined, branch: { protected: boolean }): boolean {
  return allows(role, branch.protected ? "maintainer" : "contributor");
}
