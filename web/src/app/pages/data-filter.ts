/** What the page of a dataset shows, kept in its address. */
export type DataFilter = { version?: number; split?: string; label?: string; text?: string; unlabelled?: boolean; errors?: boolean; file?: string };

export function readData(search: Record<string, unknown>): DataFilter {
  const text = (value: unknown) => (typeof value === "string" || typeof value === "number" ? String(value) : undefined) || undefined;
  return {
    version: Number(search.version) || undefined,
    split: text(search.split),
    label: text(search.label),
    text: text(search.text),
    unlabelled: search.unlabelled === true || undefined,
    errors: search.errors === true || undefined,
    file: text(search.file),
  };
}
