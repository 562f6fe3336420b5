import { ProblemError, problemOfResponse } from "@/client/problem";

/** The bytes of a file from `start` up to `end`; raises ProblemError. */
export async function fetchBytes(url: string, start: number, end: number, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  if (start >= end) return new Uint8Array();
  const response = await fetch(url, { headers: { Range: `bytes=${start}-${end - 1}` }, signal });
  if (!response.ok) throw new ProblemError(problemOfResponse(response.status, await response.json().catch(() => "")));
  const bytes = new Uint8Array(await response.arrayBuffer());
  return response.status === 206 ? bytes : bytes.slice(start, end);
}

/** Text as UTF-8 where it is that, else as Latin-1. A character that the end of a part cuts is left to the next one. */
export function decodeText(bytes: Uint8Array<ArrayBuffer>, isLast: boolean): { text: string; used: number } {
  const cut = isLast ? 0 : openTail(bytes);
  const whole = bytes.subarray(0, bytes.length - cut);
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(whole), used: whole.length };
  } catch {
    return { text: new TextDecoder("windows-1252").decode(bytes), used: bytes.length };
  }
}

/** How many bytes at the end begin a UTF-8 character whose rest is missing. */
function openTail(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(4, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? back : 0;
  }
  return 0;
}
