import type { Role, SignUp } from "@/client/types";

export const ROLES: { value: Role; label: string }[] = [
  { value: "reader", label: "Reader" },
  { value: "creator", label: "Creator" },
  { value: "administrator", label: "Administrator" },
];

export const SIGN_UP_MODES: { value: SignUp; label: string; meaning: string }[] = [
  { value: "closed", label: "Closed", meaning: "Only administrators make accounts." },
  { value: "invited", label: "Invited", meaning: "People with an invitation make their own account." },
  { value: "open", label: "Open", meaning: "Everybody who can reach this site may make an account." },
];

export const SIGN_UP_ROLES: { value: "reader" | "creator"; label: string }[] = [
  { value: "reader", label: "Readers" },
  { value: "creator", label: "Creators" },
];
