/** A name for a new branch that none has yet: "patch-1", "patch-2", … */
export function freshBranch(taken: string[]): string {
  const known = new Set(taken);
  let number = 1;
  while (known.has(`patch-${number}`)) number += 1;
  return `patch-${number}`;
}

/** A revision as people read it: the beginning of a commit's id, anything else in full. */
export function shortRevision(revision: string): string {
  return /^[0-9a-f]{40}$/.test(revision) ? revision.slice(0, 12) : revision;
}
