import { DetailedError, Upload } from "tus-js-client";

import { ProblemError, problemOfResponse, unreachable } from "@/client/problem";

const ENDPOINT = "/api/v1/uploads";
/** One request carries at most this much, so that proxies with a body limit let it pass. */
const CHUNK_BYTES = 64 * 1024 * 1024;

export type Transfer = { stop: () => void };
export type TransferEvents = {
  onProgress: (sentBytes: number) => void;
  onDone: (uploadId: string) => void;
  onFailure: (error: ProblemError) => void;
};

/** Sends a file by tus. A transfer of the same file that was cut off goes on from where it was. */
export function startTransfer(file: File, events: TransferEvents): Transfer {
  const upload = new Upload(file, {
    endpoint: ENDPOINT,
    chunkSize: CHUNK_BYTES,
    metadata: { filename: file.name, filetype: file.type || "application/octet-stream" },
    retryDelays: [0, 500, 1000, 3000, 5000, 10_000],
    removeFingerprintOnSuccess: true,
    onProgress: (sent) => events.onProgress(sent),
    onSuccess: () => events.onDone(idOf(upload.url ?? "")),
    onError: (error) => events.onFailure(asProblem(error)),
  });
  void resume(upload);
  return { stop: () => void upload.abort() };
}

/** Sends a file and resolves to its upload's id. */
export function sendFile(file: File): Promise<string> {
  return new Promise((resolve, reject) => startTransfer(file, { onProgress: () => undefined, onDone: resolve, onFailure: reject }));
}

/** Whether an upload that was finished earlier is still there to be used. */
export async function uploadExists(uploadId: string): Promise<boolean> {
  const answer = await fetch(`${ENDPOINT}/${uploadId}`, { method: "HEAD", headers: { "Tus-Resumable": "1.0.0" } });
  return answer.ok;
}

/** Gives an upload up; the server frees its bytes. */
export async function discardUpload(uploadId: string): Promise<void> {
  await fetch(`${ENDPOINT}/${uploadId}`, { method: "DELETE", headers: { "Tus-Resumable": "1.0.0" } });
}

async function resume(upload: Upload): Promise<void> {
  const [previous] = await upload.findPreviousUploads();
  if (previous) upload.resumeFromPreviousUpload(previous);
  upload.start();
}

function idOf(url: string): string {
  return url.split("/").pop() ?? "";
}

function asProblem(error: Error | DetailedError): ProblemError {
  const response = error instanceof DetailedError ? error.originalResponse : null;
  if (!response) return new ProblemError(unreachable());
  return new ProblemError(problemOfResponse(response.getStatus(), parse(response.getBody())));
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
