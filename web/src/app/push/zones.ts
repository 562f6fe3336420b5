/** The files that a push consists of. */
export const ZONES = ["source", "artifact", "requirements", "config", "archive"] as const;
export type Zone = (typeof ZONES)[number];
