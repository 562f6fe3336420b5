/** A file's bytes as base64, without the head of a data URI. */
export function base64Of(file: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve((reader.result as string).replace(/^data:[^,]*,/, ""));
    reader.onerror = () => reject(reader.error ?? new Error("The file could not be read."));
    reader.readAsDataURL(file);
  });
}

const HEADS: [string, string][] = [
  ["iVBOR", "image/png"],
  ["/9j/", "image/jpeg"],
  ["R0lG", "image/gif"],
  ["UklG", "image/webp"],
  ["Qk", "image/bmp"],
];

/** The address of an image that is given as base64 or as a data URI; null where it is neither. */
export function imageUrl(value: unknown): string | null {
  if (typeof value !== "string" || value.length < 8) return null;
  if (value.startsWith("data:image/")) return value;
  const kind = HEADS.find(([head]) => value.startsWith(head))?.[1];
  return kind ? `data:${kind};base64,${value}` : null;
}
