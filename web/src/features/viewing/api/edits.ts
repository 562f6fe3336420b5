import { api, unwrap } from "@/client/api";
import type { Address, Version } from "@/client/types";
import { bodyOf, type Edits } from "@/lib/item-edits";

/** Makes a version that differs by the edits; it is being built when this answers. */
export function editItems(address: Address, number: number, edits: Edits): Promise<Version> {
  const body = { ...bodyOf(edits), message: "" };
  return unwrap(api.POST("/api/v1/repos/{owner}/{name}/versions/{number}/edits", { params: { path: { ...address, number } }, body }));
}
