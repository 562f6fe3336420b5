/** Comma-, semicolon- or tab-separated text (RFC 4180) as records; the first row names the columns. */
export function recordsOf(text: string): Record<string, string | number | boolean | null>[] {
  const rows = rowsOf(text.replace(/^\uFEFF/, "").trimEnd(), delimiterOf(text));
  const [names = [], ...rest] = rows;
  return rest.map((row) => Object.fromEntries(names.map((name, index) => [name, valueOf(row[index] ?? "")])));
}

function delimiterOf(text: string): string {
  const [first = ""] = text.split(/\r?\n/, 1);
  return ["\t", ";", ","].find((candidate) => first.includes(candidate)) ?? ",";
}

function rowsOf(text: string, delimiter: string): string[][] {
  const rows: string[][] = [[]];
  let cell = "";
  let quoted = false;
  for (let i = 0; i < text.length; i += 1) {
    const char = text.charAt(i);
    if (quoted && char === '"' && text[i + 1] === '"') {
      cell += '"';
      i += 1;
    } else if (char === '"') quoted = !quoted;
    else if (!quoted && (char === delimiter || char === "\n")) {
      rows[rows.length - 1]?.push(cell);
      cell = "";
      if (char === "\n") rows.push([]);
    } else if (quoted || char !== "\r") cell += char;
  }
  rows[rows.length - 1]?.push(cell);
  return rows;
}

function valueOf(text: string): string | number | boolean | null {
  const trimmed = text.trim();
  if (trimmed === "") return null;
  if (trimmed === "true" || trimmed === "false") return trimmed === "true";
  // "007" and "+31…" are names, not numbers.
  return /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/.test(trimmed) ? Number(trimmed) : text;
}
