/** Days of the calendar where the reader is, as date fields hold them: "2026-12-31". */

export function dayOf(moment: string): string {
  const at = new Date(moment);
  return [String(at.getFullYear()).padStart(4, "0"), ...[at.getMonth() + 1, at.getDate()].map((part) => String(part).padStart(2, "0"))].join("-");
}

/** The last second of a day as a moment in UTC. */
export function endOfDay(day: string): string {
  return new Date(`${day}T23:59:59`).toISOString();
}
