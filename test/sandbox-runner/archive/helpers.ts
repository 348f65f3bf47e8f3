/** What the archive's tests read archives with. */
import type { ArchiveFile, ArchiveLimits } from "../../../sandbox-runner/src/archive/archive.ts";
import { readUpload } from "../../../sandbox-runner/src/archive/read-upload.ts";
import { RunnerError } from "../../../sandbox-runner/src/errors.ts";

export const LIMITS: ArchiveLimits = { files: 1000, fileBytes: 1_000_000, totalBytes: 10_000_000 };

export interface PlainFile {
  readonly path: string;
  readonly executable: boolean;
  readonly content: Buffer;
}

export async function contentOf(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of bytes) parts.push(part);
  return Buffer.concat(parts);
}

export async function readAll(files: AsyncIterable<ArchiveFile>): Promise<PlainFile[]> {
  const all: PlainFile[] = [];
  for await (const { path, executable, content } of files)
    all.push({ path, executable, content: await contentOf(content) });
  return all;
}

export async function readWholeUpload(bytes: AsyncIterable<Uint8Array>, limits = LIMITS) {
  const { removed, files } = await readUpload(bytes, limits);
  return { removed, files: await readAll(files) };
}

export async function* archiveFiles(files: readonly PlainFile[]): AsyncGenerator<ArchiveFile, void> {
  for (const { path, executable, content } of files)
    yield { path, executable, size: content.byteLength, content: slicesOf(content) };
}

async function* slicesOf(content: Buffer): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < content.byteLength; at += 10_000) yield content.subarray(at, at + 10_000);
}

/** Its code and message; fails when nothing was thrown, or anything but a RunnerError. */
export async function refusalOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof RunnerError) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error("It was not refused.");
}
