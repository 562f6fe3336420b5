import type { Visibility } from "@/client/types";

export const VISIBILITY_CHOICES: { value: Visibility; label: string; meaning: string }[] = [
  { value: "private", label: "Private", meaning: "Only its members and administrators." },
  { value: "internal", label: "Internal", meaning: "Everybody with an account here." },
  { value: "public", label: "Public", meaning: "Everybody who can reach this site." },
];
