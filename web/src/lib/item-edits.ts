/** What is to be changed in a dataset, collected until a new version is made of it: by the row of each item. */

/** `label` null: none; undefined: the item goes. */
export type Edit = { label: string | null } | "delete";

export type Edits = ReadonlyMap<number, Edit>;

export type EditBody = { relabel: { row: number; label: string | null }[]; delete: number[] };

export const NO_EDITS: Edits = new Map();

export function withEdit(edits: Edits, rows: Iterable<number>, edit: Edit): Edits {
  const changed = new Map(edits);
  for (const row of rows) changed.set(row, edit);
  return changed;
}

export function bodyOf(edits: Edits): EditBody {
  const body: EditBody = { relabel: [], delete: [] };
  for (const [row, edit] of edits) {
    if (edit === "delete") body.delete.push(row);
    else body.relabel.push({ row, label: edit.label });
  }
  return body;
}

/** `2 relabelled, 1 deleted` */
export function describeEdits(edits: Edits): string {
  const { relabel, delete: gone } = bodyOf(edits);
  return [relabel.length && `${relabel.length.toLocaleString("en")} relabelled`, gone.length && `${gone.length.toLocaleString("en")} deleted`].filter(Boolean).join(", ");
}
