import type { MemberRole } from "@/client/types";

export const MEMBER_ROLES: { value: MemberRole; label: string; meaning: string }[] = [
  { value: "reader", label: "Reader", meaning: "reads and runs" },
  { value: "contributor", label: "Contributor", meaning: "adds branches and files beside main" },
  { value: "maintainer", label: "Maintainer", meaning: "changes main, makes versions, deploys" },
  { value: "owner", label: "Owner", meaning: "decides who sees it and who belongs to it" },
];

export const roleLabel = (role: MemberRole) => MEMBER_ROLES.find(({ value }) => value === role)?.label ?? role;
