/**
 * A large download that goes on after a reload: pieces lie in the browser's private file system until all are there.
 * They belong to one ETag, so that bytes of two different files are never put together.
 */
import { ProblemError, problemOfResponse, unreachable } from "@/client/problem";

const PIECE_BYTES = 16 * 1024 * 1024;
const ROOT = "downloads";

export type Plan = { url: string; size: number; etag: string; fileName: string };
export type Progress = (receivedBytes: number) => void;

/** Whether this browser can keep pieces: it does so on https and on localhost only. */
export function canKeepPieces(): boolean {
  return typeof navigator !== "undefined" && "storage" in navigator && "getDirectory" in navigator.storage;
}

/** What is to be downloaded: its size, ETag and name, asked without its bytes. */
export async function planDownload(url: string, signal?: AbortSignal): Promise<Plan> {
  const response = await reach(url, { method: "HEAD", signal });
  const size = Number(response.headers.get("content-length"));
  const etag = response.headers.get("etag");
  if (!etag || !Number.isFinite(size)) throw new ProblemError({ ...unreachable(), detail: "The server did not say how large it is." });
  return { url, size, etag, fileName: fileNameIn(response.headers.get("content-disposition")) };
}

/** How many bytes of it were kept by an earlier try. */
export async function keptBytes(plan: Plan): Promise<number> {
  const pieces = await listPieces(await folderOf(plan));
  return pieces.reduce((sum, { size }) => sum + size, 0);
}

/** Fetches what is missing, piece by piece; resolves to the whole, which still lies in the private file system. */
export async function download(plan: Plan, onProgress: Progress, signal: AbortSignal): Promise<Blob> {
  await forgetOthers(plan);
  const folder = await folderOf(plan);
  const pieces = await listPieces(folder);
  let received = pieces.reduce((sum, { size }) => sum + size, 0);
  onProgress(received);
  while (received < plan.size) {
    const end = Math.min(received + PIECE_BYTES, plan.size);
    const before = received;
    const bytes = await fetchPiece(plan, before, end, (count) => onProgress(before + count), signal);
    pieces.push(await keepPiece(folder, pieces.length, bytes));
    received = end;
  }
  return new Blob(pieces, { type: "application/octet-stream" });
}

/** Frees what was kept. */
export async function forget(plan: Plan): Promise<void> {
  const root = await (await navigator.storage.getDirectory()).getDirectoryHandle(ROOT, { create: true });
  await root.removeEntry(nameOf(plan), { recursive: true }).catch(() => undefined);
}

async function fetchPiece(plan: Plan, start: number, end: number, onProgress: Progress, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const response = await reach(plan.url, { headers: { Range: `bytes=${start}-${end - 1}`, "If-Match": plan.etag, "If-Range": plan.etag }, signal });
  if (response.status !== 206) throw new ProblemError({ ...unreachable(), title: "It changed meanwhile", detail: "The server has other bytes now.", remedy: "Start the download again." });
  const bytes = new Uint8Array(end - start);
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  let place = 0;
  for (;;) {
    const { value, done } = await read(reader);
    if (done) break;
    bytes.set(value, place);
    place += value.length;
    onProgress(place);
  }
  if (place !== bytes.length) throw new ProblemError(unreachable());
  return bytes;
}

async function read(reader: ReadableStreamDefaultReader<Uint8Array>) {
  return reader.read().catch((error: unknown) => Promise.reject(isAbort(error) ? (error as Error) : new ProblemError(unreachable())));
}

async function reach(url: string, options: RequestInit): Promise<Response> {
  const response = await fetch(url, { cache: "no-store", ...options }).catch((error: unknown) => Promise.reject(isAbort(error) ? (error as Error) : new ProblemError(unreachable())));
  if (response.ok) return response;
  const text = await response.text();
  throw new ProblemError(problemOfResponse(response.status, parse(text)));
}

async function folderOf(plan: Plan): Promise<FileSystemDirectoryHandle> {
  const root = await (await navigator.storage.getDirectory()).getDirectoryHandle(ROOT, { create: true });
  return root.getDirectoryHandle(nameOf(plan), { create: true });
}

/** Pieces of another ETag at the same address can never be used again. */
async function forgetOthers(plan: Plan): Promise<void> {
  const root = await (await navigator.storage.getDirectory()).getDirectoryHandle(ROOT, { create: true });
  const others: string[] = [];
  for await (const name of root.keys()) if (name.startsWith(`${addressOf(plan)} `) && name !== nameOf(plan)) others.push(name);
  for (const name of others) await root.removeEntry(name, { recursive: true });
}

/** The pieces that are there without a gap, in order. */
async function listPieces(folder: FileSystemDirectoryHandle): Promise<File[]> {
  const pieces: File[] = [];
  for (;;) {
    const handle = await folder.getFileHandle(String(pieces.length)).catch(() => null);
    const file = await handle?.getFile();
    if (!file?.size) return pieces;
    pieces.push(file);
  }
}

async function keepPiece(folder: FileSystemDirectoryHandle, index: number, bytes: Uint8Array<ArrayBuffer>): Promise<File> {
  const handle = await folder.getFileHandle(String(index), { create: true });
  const writable = await handle.createWritable();
  await writable.write(bytes);
  await writable.close(); // what is not closed is not there: a piece is whole or absent
  return handle.getFile();
}

function nameOf(plan: Plan): string {
  return `${addressOf(plan)} ${plan.etag.replace(/[^A-Za-z0-9]/g, "").slice(0, 80)}`;
}

function addressOf({ url }: Plan): string {
  return url.replace(/[^A-Za-z0-9]+/g, "-").slice(-120);
}

function fileNameIn(disposition: string | null): string {
  const encoded = /filename\*=utf-8''([^;]+)/i.exec(disposition ?? "")?.[1];
  return encoded ? decodeURIComponent(encoded) : (/filename="?([^";]+)"?/i.exec(disposition ?? "")?.[1] ?? "download");
}

function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
