/** Writes tars anew, with plain headers only, so that no `tar` ever reads what somebody else wrote. */
import type { ArchiveFile } from "./archive.ts";
import { BLOCK_BYTES, encodeHeader, FILE_TYPE, LONGEST_HEADER_NAME, PAX_TYPE } from "./header.ts";
import { encodePaxPath } from "./pax.ts";
import { padded } from "./read-entries.ts";

const EXECUTABLE_MODE = 0o755;
const PLAIN_MODE = 0o644;

export interface EncodeOptions {
  /** Goes before every path: `files/`. None when left out. */
  readonly prefix?: string;
  /**
   * Seconds since the epoch, the same for all files. Now when left out: builds compare times, and zip files hold
   * none before 1980.
   */
  readonly mtime?: number;
}

/** Reads on only when its consumer asks for more. Throws when a file does not have the size it says. */
export async function* encodeTar(
  files: AsyncIterable<ArchiveFile>,
  options: EncodeOptions = {},
): AsyncGenerator<Uint8Array, void> {
  const { prefix = "", mtime = Math.floor(Date.now() / 1000) } = options;
  for await (const file of files) yield* encodeEntry({ ...file, name: prefix + file.path }, mtime);
  yield endOfTar();
}

/** Two zero blocks. */
export function endOfTar(): Uint8Array {
  return new Uint8Array(2 * BLOCK_BYTES);
}

export async function* encodeEntry(
  entry: Omit<ArchiveFile, "path"> & { readonly name: string },
  mtime: number,
): AsyncGenerator<Uint8Array, void> {
  const name = new TextEncoder().encode(entry.name);
  if (name.byteLength > LONGEST_HEADER_NAME) {
    const records = encodePaxPath(entry.name);
    yield encodeHeader({ name, type: PAX_TYPE, mode: PLAIN_MODE, size: records.byteLength, mtime });
    yield records;
    yield* padding(records.byteLength);
  }
  const mode = entry.executable ? EXECUTABLE_MODE : PLAIN_MODE;
  yield encodeHeader({ name, type: FILE_TYPE, mode, size: entry.size, mtime });
  let written = 0;
  for await (const bytes of entry.content) {
    written += bytes.byteLength;
    if (written > entry.size) break;
    if (bytes.byteLength > 0) yield bytes;
  }
  if (written !== entry.size) throw new Error("A file for a tar does not have the size it was said to have.");
  yield* padding(entry.size);
}

function* padding(size: number): Generator<Uint8Array, void> {
  const rest = padded(size) - size;
  if (rest > 0) yield new Uint8Array(rest);
}
