/** A sandbox's files between commands: packed, because a Lambda function keeps nothing. */
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { createGunzip, createGzip } from "node:zlib";
import type { ArchiveFile } from "../archive/archive.ts";
import { encodeTar } from "../archive/encode-tar.ts";
import { readFiles } from "../archive/read-files.ts";
import { RunnerError } from "../errors.ts";
import { LAMBDA_REQUEST_BYTES, MAX_PACKED_BYTES } from "./limits.ts";
import { createReplacement, type Replacement } from "./replacement.ts";

export interface FileState {
  readonly executable: boolean;
  /** SHA-256, hex. */
  readonly hash: string;
}

export interface Replaced {
  readonly added: ReadonlyMap<string, FileState>;
  readonly replaces: Replacement["replaces"];
}

export interface StoredFiles {
  /** A gzipped tar of all of them. */
  packed(): Uint8Array;
  /** Every file there is. */
  states(): ReadonlyMap<string, FileState>;
  /**
   * Adds files, in place of whatever is at or in the way of their paths, after removing `removed` and all below
   * it. Leaves everything as it was when it throws: RunnerError `payload_too_large` with the packed size and the
   * limit.
   */
  replace(
    removed: readonly string[],
    files: AsyncIterable<ArchiveFile>,
    signal: AbortSignal,
  ): Promise<Replaced>;
  /** Those of the files, in no order. */
  read(paths: ReadonlySet<string>): AsyncIterable<ArchiveFile>;
}

/** What was checked on its way in needs no limits on its way out. */
const NO_LIMITS = { files: Infinity, fileBytes: Infinity, totalBytes: Infinity };

export async function createStoredFiles(): Promise<StoredFiles> {
  let packed = await pack(none(), new AbortController().signal);
  let states: ReadonlyMap<string, FileState> = new Map();

  async function* select(wanted: (path: string) => boolean): AsyncGenerator<ArchiveFile, void> {
    const tar = Readable.from([packed]).pipe(createGunzip());
    for await (const file of readFiles(tar, NO_LIMITS)) if (wanted(file.path)) yield file;
  }

  return {
    packed: () => packed,
    states: () => states,
    read: (paths) => select((path) => paths.has(path)),
    async replace(removed, files, signal) {
      const added = new Map<string, FileState>();
      const { add, replaces } = createReplacement(removed);
      async function* all(): AsyncGenerator<ArchiveFile, void> {
        for await (const file of files) {
          signal.throwIfAborted();
          add(file.path);
          const hash = createHash("sha256");
          yield { ...file, content: tap(file.content, (bytes) => hash.update(bytes)) };
          added.set(file.path, { executable: file.executable, hash: hash.digest("hex") });
        }
        yield* select((path) => !replaces(path));
      }
      const next = await pack(all(), signal);
      const kept = [...states].filter(([path]) => !replaces(path));
      packed = next;
      states = new Map([...kept, ...added]);
      return { added, replaces };
    },
  };
}

/** Reads all there is even past the limit, to say how much it was. */
async function pack(files: AsyncIterable<ArchiveFile>, signal: AbortSignal): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  const tar = Readable.from(encodeTar(files, { mtime: 0 }), { objectMode: false });
  const gzip = createGzip();
  tar.on("error", (error) => gzip.destroy(error));
  gzip.on("close", () => tar.destroy());
  for await (const part of tar.pipe(gzip)) {
    signal.throwIfAborted();
    size += part.byteLength;
    if (size <= MAX_PACKED_BYTES) parts.push(part);
    else parts.length = 0;
  }
  if (size > MAX_PACKED_BYTES) {
    throw new RunnerError(
      "payload_too_large",
      `The sandbox's files have ${size} bytes when packed, and AWS Lambda takes ${MAX_PACKED_BYTES} (${LAMBDA_REQUEST_BYTES} in base64, with the command).`,
    );
  }
  return Buffer.concat(parts);
}

async function* none(): AsyncGenerator<ArchiveFile, void> {}

async function* tap(
  content: AsyncIterable<Uint8Array>,
  look: (bytes: Uint8Array) => void,
): AsyncGenerator<Uint8Array, void> {
  for await (const bytes of content) {
    look(bytes);
    yield bytes;
  }
}
