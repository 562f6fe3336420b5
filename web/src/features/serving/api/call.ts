import { ProblemError, problemOfResponse, unreachable } from "@/client/problem";
import type { Inputs } from "@/lib/form-schema";
import { isRecord } from "@/lib/json";

/** The answer to a call. `seconds` is from sending to the whole answer; `coldStart` is how much of it waited for a start. */
export type Outcome = {
  output: unknown;
  streamed: boolean;
  seconds: number;
  coldStart: number | null;
  version: string | null;
  predictionId: string | null;
};

export type CallOptions = { signal?: AbortSignal; onItem?: (items: unknown[]) => void };

/** Calls a box at `url`, which answers `POST /model/predict`; without the session's cookie, whoever answers. */
export async function callModel(url: string, inputs: Inputs, { token, signal, onItem }: CallOptions & { token?: string | null }): Promise<Outcome> {
  const started = performance.now();
  const response = await send(url, inputs, token ?? null, signal);
  if (!response.ok) throw new ProblemError(problemOfResponse(response.status, await bodyOf(response)));
  const streamed = /ndjson/.test(response.headers.get("content-type") ?? "");
  const output = streamed ? await readItems(response, onItem) : outputOf(await bodyOf(response));
  return {
    output,
    streamed,
    seconds: (performance.now() - started) / 1000,
    coldStart: secondsIn(response.headers.get("x-modelyard-cold-start")),
    version: response.headers.get("x-modelyard-version"),
    predictionId: response.headers.get("x-prediction-id"),
  };
}

async function send(url: string, inputs: Inputs, token: string | null, signal?: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = { "Content-Type": "application/json" };
  if (token) headers.Authorization = `Bearer ${token}`;
  try {
    return await fetch(url, { method: "POST", headers, body: JSON.stringify(inputs), credentials: "omit", signal });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ProblemError(unreachable());
  }
}

async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function outputOf(body: unknown): unknown {
  return isRecord(body) && "output" in body ? body.output : body;
}

/** The items of a stream as they come; an error in its middle is raised with what came before it already shown. */
async function readItems(response: Response, onItem: CallOptions["onItem"]): Promise<unknown[]> {
  const items: unknown[] = [];
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    const lines = (rest + decoder.decode(value, { stream: !done })).split("\n");
    rest = done ? "" : (lines.pop() ?? "");
    for (const line of lines.filter(Boolean)) {
      const piece: unknown = JSON.parse(line);
      if (isRecord(piece) && "error" in piece) throw new ProblemError(problemOfResponse(500, piece.error));
      if (isRecord(piece) && "output" in piece) items.push(piece.output);
    }
    onItem?.([...items]);
    if (done) return items;
  }
}

function secondsIn(header: string | null): number | null {
  const seconds = Number(header);
  return header === null || Number.isNaN(seconds) ? null : seconds;
}
