import { queryOptions } from "@tanstack/react-query";

import { ProblemError, problemOfResponse, unreachable } from "@/client/problem";
import type { Address } from "@/client/types";
import { isRecord } from "@/lib/json";
import type { Signed } from "@/lib/signature";

const AGAIN_MS = 1500;

/** What the box says of itself at `/model/data`. `address` and `version` are null where nobody told the box. */
export type Model = Signed & { address: Address | null; version: string | null; loaded: boolean };

/** The model behind this page; asked again until it is there and loaded. */
export const modelQuery = queryOptions({
  queryKey: ["model"],
  queryFn: async ({ signal }) => modelOf(await fetchData(signal)),
  retry: false,
  staleTime: Infinity,
  refetchInterval: ({ state }) => (state.data?.loaded ? false : AGAIN_MS),
});

async function fetchData(signal: AbortSignal): Promise<Record<string, unknown>> {
  let response: Response;
  try {
    response = await fetch("/model/data", { signal });
  } catch {
    throw new ProblemError(unreachable());
  }
  const body: unknown = await response.json().catch(() => null);
  if (!response.ok || !isRecord(body)) throw new ProblemError(problemOfResponse(response.status, body));
  return body;
}

/** What the box tells of itself, among the card's fields. */
const OWN_FACTS = new Set(["repository", "version", "box_version", "signature", "loaded", "load_seconds", "notes"]);

export function modelOf(data: Record<string, unknown>): Model {
  const { repository, version, signature, loaded } = data;
  const [owner, name] = typeof repository === "string" ? repository.split("/") : [];
  return {
    card: Object.fromEntries(Object.entries(data).filter(([key]) => !OWN_FACTS.has(key))),
    signature: isRecord(signature) ? signature : null,
    address: owner && name ? { owner, name } : null,
    version: typeof version === "string" ? version : null,
    loaded: loaded === true,
  };
}
