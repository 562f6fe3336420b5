import { api, unwrap } from "@/client/api";
import type { Address } from "@/client/types";
import type { Inputs } from "@/lib/form-schema";

import { callModel, type CallOptions, type Outcome } from "./call";

export type PredictOptions = CallOptions & { signedIn: boolean };

/** The address that answers for a target: `production`, another alias, or a version ("v3"). */
export function serveUrl({ owner, name }: Address, target: string): string {
  const at = target === "production" ? "" : `@${target}`;
  return `${window.location.origin}/serve/${owner}/${name}${at}/model/predict`;
}

/**
 * Calls a served model. What answers is a stranger's code, so the session's cookie stays here: the call carries a token
 * that can call this one model for a few minutes.
 */
export async function predict(address: Address, target: string, inputs: Inputs, options: PredictOptions): Promise<Outcome> {
  const token = options.signedIn ? await serveToken(address) : null;
  return callModel(serveUrl(address, target), inputs, { ...options, token });
}

const tokens = new Map<string, { secret: string; until: number }>();
const SPARE_MS = 30_000;

async function serveToken({ owner, name }: Address): Promise<string> {
  const key = `${owner}/${name}`;
  const known = tokens.get(key);
  if (known && known.until - SPARE_MS > Date.now()) return known.secret;
  const { secret, expires_at } = await unwrap(
    api.POST("/api/v1/repos/{owner}/{name}/serve-token", { params: { path: { owner, name } } }),
  );
  tokens.set(key, { secret, until: Date.parse(expires_at) });
  return secret;
}

/** Forgets the tokens of whoever was signed in. */
export function forgetServeTokens(): void {
  tokens.clear();
}
