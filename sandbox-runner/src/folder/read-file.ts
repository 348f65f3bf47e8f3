/** Reads files of a workspace that hostile commands may have made: no links, no pipes, no more than was announced. */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { chmod, type FileHandle, lstat, open } from "node:fs/promises";
import { RunnerError } from "../errors.ts";

const PIECE_BYTES = 65_536;
/** O_NONBLOCK: opening a pipe that nobody writes to must not wait. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * The first `size` bytes of a regular file, in pieces that are valid until the next is asked for.
 *
 * @throws RunnerError `internal` when it is no such file (any more): something is still running.
 */
export async function* readExactly(
  path: string,
  size: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  const file = await openFile(path);
  try {
    if (!(await file.stat()).isFile()) throw changed();
    const piece = new Uint8Array(Math.min(PIECE_BYTES, Math.max(1, size)));
    for (let at = 0; at < size; ) {
      signal.throwIfAborted();
      const { bytesRead } = await file.read(piece, 0, Math.min(piece.byteLength, size - at), at);
      if (bytesRead === 0) throw changed();
      at += bytesRead;
      yield piece.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

/** SHA-256 in hex. */
export async function hashFile(path: string, size: number, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of readExactly(path, size, signal)) hash.update(piece);
  return hash.digest("hex");
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, FLAGS);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EACCES")) throw error;
    const stats = await lstat(path);
    if (!stats.isFile()) throw error;
    await chmod(path, stats.mode | 0o600);
    return await open(path, FLAGS);
  }
}

function changed(): RunnerError {
  return new RunnerError("internal", "A file changed while it was read.");
}
