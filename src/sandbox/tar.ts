/** Writes tars as the wire has them, in chunks, in the memory of a few files. */
import { createTarPacker } from "modern-tar";
import { chunksOf } from "./streams.ts";

export interface TarFile {
  /** The entry's whole name, `files/` included. */
  readonly name: string;
  readonly executable: boolean;
  readonly bytes: Uint8Array;
}

/** Each chunk is signed by itself: headers and small files go together. */
const CHUNK_BYTES = 65_536;

/** The tar of these files. Leaving early ends `files` too. */
export async function* tarOf(files: AsyncIterable<TarFile>): AsyncGenerator<Uint8Array, void> {
  const { readable, controller } = createTarPacker();
  const mtime = new Date();
  const write = async (): Promise<void> => {
    try {
      for await (const { name, executable, bytes } of files) {
        const mode = executable ? 0o755 : 0o644;
        // A pax record is UTF-8 by definition; the plain header's encoding is not defined.
        const pax = /[^\x20-\x7e]/.test(name) ? { pax: { path: name } } : {};
        const entry = controller.add({ name, type: "file", size: bytes.byteLength, mode, mtime, ...pax });
        const writer = entry.getWriter();
        if (bytes.byteLength > 0) await writer.write(bytes);
        await writer.close();
      }
      controller.finalize();
    } catch (error) {
      // Nothing more is to be done when it is the reader that left.
      controller.error(error);
    }
  };
  const writing = write();
  try {
    yield* inChunks(chunksOf(readable));
  } finally {
    await writing;
  }
}

async function* inChunks(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  let chunk = new Uint8Array(CHUNK_BYTES);
  let filled = 0;
  for await (const piece of pieces) {
    for (let at = 0; at < piece.byteLength; ) {
      const part = piece.subarray(at, at + CHUNK_BYTES - filled);
      chunk.set(part, filled);
      filled += part.byteLength;
      at += part.byteLength;
      if (filled < CHUNK_BYTES) continue;
      yield chunk;
      chunk = new Uint8Array(CHUNK_BYTES);
      filled = 0;
    }
  }
  if (filled > 0) yield chunk.subarray(0, filled);
}
