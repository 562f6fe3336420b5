/** Endings of the files that are a model alone, as a push takes them. */
const MODEL = /\.(pkl|pickle|joblib|sav|onnx|keras|h5|ubj|pt|pth|safetensors)$/i;
/** A folder with one of these is a model. */
const MANIFEST = /(^|\/)(modelyard\.yaml|MLmodel)$/;

/** What of a run's files may become a version: first what looks like a model, then every other folder (ends with /) and file. */
export function promotable(paths: string[]): { models: string[]; others: string[] } {
  const folders = [...new Set(paths.flatMap(foldersOf))].sort();
  const manifests = new Set(paths.filter((path) => MANIFEST.test(path)).map(folderOf).filter((folder) => folder !== ""));
  const isModel = (path: string) => manifests.has(path) || (MODEL.test(path) && ![...manifests].some((folder) => path.startsWith(folder)));
  const all = [...folders, ...paths];
  return { models: all.filter(isModel), others: all.filter((path) => !isModel(path)) };
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1);
}

function foldersOf(path: string): string[] {
  return [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index + 1));
}
