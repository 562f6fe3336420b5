/** The one folder that all the paths lie in; null where there is none: a file lies at the top, or folders are several. */
export function topFolderOf(paths: string[]): string | null {
  const [first = "", ...rest] = paths.map((path) => path.slice(0, Math.max(0, path.indexOf("/"))));
  return first && rest.every((top) => top === first) ? first : null;
}
