/** Reads the tar of what commands changed: the whole of it is checked before anything is done with it. */
import { createTarDecoder, type ParsedTarEntry } from "modern-tar";
import { SandboxError } from "./sandbox-error.ts";
import { chunksOf } from "./streams.ts";
import {
  CHANGES_ENTRY,
  type ChangesManifest,
  changesSchema,
  FILES_PREFIX,
  MAX_CHANGES_BYTES,
} from "./wire.ts";

export interface ChangesLimits {
  /** Paths that were added, modified or deleted, together. */
  readonly paths: number;
  /** Of all files together; also what bounds the tar. */
  readonly bytes: number;
}

const LIMITS: ChangesLimits = { paths: 2_000, bytes: 16 * 1024 * 1024 };
/** Headers, pax records and padding of one entry. */
const ENTRY_BYTES = 16_384;

export interface ChangedFile {
  readonly bytes: Uint8Array;
  readonly executable: boolean;
}

export interface SandboxChanges {
  readonly manifest: ChangesManifest;
  /** The contents of `added` and `modified`, by path. */
  readonly files: ReadonlyMap<string, ChangedFile>;
}

/**
 * Throws SandboxError: `too_large` past the limits, `lost` for a tar without its last entry, `protocol` for one
 * that holds anything but files its manifest names, once each.
 */
export async function readChanges(
  tar: AsyncGenerator<Uint8Array, void>,
  limits: ChangesLimits = LIMITS,
): Promise<SandboxChanges> {
  try {
    return await readTar(tar, limits);
  } catch (error) {
    throw unreadable(error);
  }
}

async function readTar(
  tar: AsyncGenerator<Uint8Array, void>,
  limits: ChangesLimits,
): Promise<SandboxChanges> {
  const files = new Map<string, ChangedFile>();
  let manifest: ChangesManifest | undefined;
  let total = 0;
  for await (const { header, body } of entriesOf(tar, limits)) {
    if (manifest !== undefined || header.type !== "file") throw wrong();
    const isManifest = header.name === CHANGES_ENTRY;
    const bytes = await readBody(body, header.size, isManifest ? MAX_CHANGES_BYTES : limits.bytes);
    if (isManifest) {
      manifest = readManifest(bytes);
      continue;
    }
    const path = header.name.slice(FILES_PREFIX.length);
    if (!header.name.startsWith(FILES_PREFIX) || files.has(path)) throw wrong();
    total += bytes.byteLength;
    if (total > limits.bytes || files.size >= limits.paths) throw tooLarge(limits);
    files.set(path, { bytes, executable: ((header.mode ?? 0) & 0o100) !== 0 });
  }
  if (manifest === undefined)
    throw new SandboxError("lost", "What the command changed did not arrive whole.");
  checkNames(manifest, files, limits);
  return { manifest, files };
}

/** The tar's entries; its bytes are counted before they are parsed. */
async function* entriesOf(
  tar: AsyncGenerator<Uint8Array, void>,
  limits: ChangesLimits,
): AsyncGenerator<ParsedTarEntry, void> {
  const decoder = createTarDecoder({ strict: true });
  const most = limits.bytes + MAX_CHANGES_BYTES + limits.paths * ENTRY_BYTES;
  let failure: unknown;
  const feed = async (): Promise<void> => {
    const writer = decoder.writable.getWriter();
    try {
      let seen = 0;
      for await (const chunk of tar) {
        seen += chunk.byteLength;
        if (seen > most) throw tooLarge(limits);
        await writer.write(chunk);
      }
      await writer.close();
    } catch (error) {
      failure ??= error;
      await writer.abort(error).catch(() => undefined);
    }
  };
  const feeding = feed();
  const reader = decoder.readable.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
    await feeding;
  }
  if (failure !== undefined) throw failure;
}

/** What the library says of a broken tar; aborts and failures of the connection stay what they are. */
function unreadable(error: unknown): unknown {
  if (error instanceof SandboxError) return error;
  const aborted = error instanceof Error && (error.name === "AbortError" || error.name === "TimeoutError");
  return aborted ? error : wrong();
}

async function readBody(body: ReadableStream<Uint8Array>, size: number, most: number): Promise<Uint8Array> {
  if (!Number.isSafeInteger(size) || size < 0 || size > most) {
    throw new SandboxError("too_large", "The command changed more than is taken back.");
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for await (const chunk of chunksOf(body)) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}

function readManifest(bytes: Uint8Array): ChangesManifest {
  try {
    return changesSchema.parse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
  } catch {
    throw wrong();
  }
}

function checkNames(
  { added, modified, deleted }: ChangesManifest,
  files: ReadonlyMap<string, ChangedFile>,
  limits: ChangesLimits,
): void {
  if (added.length + modified.length + deleted.length > limits.paths) throw tooLarge(limits);
  const named = new Set([...added, ...modified, ...deleted]);
  const once = named.size === added.length + modified.length + deleted.length;
  const present = [...added, ...modified].every((path) => files.has(path));
  if (!once || !present || files.size !== added.length + modified.length) throw wrong();
}

function tooLarge({ paths, bytes }: ChangesLimits): SandboxError {
  return new SandboxError(
    "too_large",
    `The command changed more than is taken back: ${paths.toLocaleString("en")} files and ${bytes.toLocaleString("en")} bytes are the most. Ignore what it builds (.gitignore).`,
  );
}

function wrong(): SandboxError {
  return new SandboxError("protocol", "What the sandbox-runner sent as a command's changes cannot be read.");
}
