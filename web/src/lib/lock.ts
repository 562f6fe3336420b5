import { isRecord } from "./json";

/** Name → version of everything that a version's lock holds: Python, its packages and, as "system NAME", Debian's. */
export function packagesOf(lock: string): Record<string, string> {
  const document = parse(lock);
  if (!isRecord(document) || !isRecord(document.platforms)) return {};
  const platforms = Object.entries(document.platforms).filter(([, held]) => isRecord(held)) as [string, Record<string, unknown>][];
  const found = new Map<string, Map<string, string[]>>();
  for (const [platform, held] of platforms)
    for (const [name, version] of packagesOfPlatform(held)) {
      const versions = found.get(name) ?? new Map<string, string[]>();
      found.set(name, versions.set(version, [...(versions.get(version) ?? []), platform]));
    }
  const packages = [...found].map(([name, versions]) => [name, inWords(versions, platforms.length)]);
  return { ...(typeof document.python === "string" ? { Python: document.python } : {}), ...(Object.fromEntries(packages) as Record<string, string>) };
}

/** The wheels are a pylock.toml (PEP 751), in which each package's name and version stand at the beginning of a line. */
function packagesOfPlatform({ wheels, system }: Record<string, unknown>): [string, string][] {
  const blocks = typeof wheels === "string" ? wheels.split(/^\[\[packages\]\]$/m).slice(1) : [];
  const python = blocks.map((block): [string, string] => [valueOf(block, "name"), valueOf(block, "version")]);
  const debian = (Array.isArray(system) ? system : []).filter(isRecord).map((one): [string, string] => [`system ${String(one.name)}`, String(one.version)]);
  return [...python, ...debian].filter(([name]) => name);
}

function valueOf(block: string, key: string): string {
  return new RegExp(`^${key} = "([^"]*)"$`, "m").exec(block)?.[1] ?? "";
}

/** A version that all platforms share stands alone; others say where they are. */
function inWords(versions: Map<string, string[]>, platforms: number): string {
  return [...versions].map(([version, where]) => (where.length === platforms ? version : `${version} (${where.join(", ")})`)).join(", ");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
