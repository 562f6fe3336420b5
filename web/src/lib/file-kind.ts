/** What a file is, as far as its name and size tell. */

const TEXT_LIMIT_BYTES = 512 * 1024;
const IMAGE_LIMIT_BYTES = 20 * 1000 * 1000;
const IMAGES = /\.(png|jpe?g|gif|webp|avif|bmp)$/i;
const BINARY = /\.(pkl|pickle|joblib|onnx|pt|pth|bin|npy|npz|zip|gz|bz2|xz|zst|7z|whl|tar|parquet|arrow|feather|h5|hdf5|keras|safetensors|ubj|so|pyc|mp[34]|wav|flac|ogg|tiff?|ico|pdf|woff2?|ttf)$/i;

type Facts = { size?: number | null; lfs?: boolean };

export function isImage(name: string, { size }: Facts): boolean {
  return IMAGES.test(name) && (size ?? 0) <= IMAGE_LIMIT_BYTES;
}

/** Whether a file can be shown as text. */
export function isText(name: string, { size, lfs }: Facts): boolean {
  return !lfs && !IMAGES.test(name) && !BINARY.test(name) && (size ?? 0) <= TEXT_LIMIT_BYTES;
}

export function isMarkdown(name: string): boolean {
  return /\.(md|markdown)$/i.test(name);
}

const LANGUAGES: Record<string, string> = {
  py: "python", pyi: "python", json: "json", ipynb: "json", yaml: "yaml", yml: "yaml", mlmodel: "yaml", toml: "ini", ini: "ini", cfg: "ini",
  md: "markdown", markdown: "markdown", sh: "bash", bash: "bash", js: "javascript", mjs: "javascript", jsx: "javascript", ts: "typescript", tsx: "typescript",
  html: "xml", xml: "xml", svg: "xml", css: "css", sql: "sql", r: "r", dockerfile: "dockerfile",
};

/** The language of a text by its name; undefined where nothing is known, so that it stays plain. */
export function languageOf(name: string): string | undefined {
  const lower = name.toLowerCase();
  return LANGUAGES[lower.split(".").pop() ?? lower] ?? undefined;
}

const TABLES = /\.(csv|tsv|tab|parquet|jsonl|ndjson)$/i;
const DRAWN = /\.(png|jpe?g|gif|webp|bmp|tiff?)$/i;

/** How a file among data is looked into; null where it is a download. */
export function fileView(name: string, size: number): "table" | "image" | "text" | null {
  if (TABLES.test(name)) return "table";
  if (DRAWN.test(name)) return "image";
  return isText(name, { size }) ? "text" : null;
}
