/** Reads what a process writes to its two outputs, in about the order in which it does. */
import type { Readable } from "node:stream";
import type { OutputChunk } from "../backend.ts";

/**
 * Ends when both have. While nobody asks for more, no more than the streams' own buffers is read (64 KiB each): then
 * pipes fill up, and the process waits.
 */
export async function* mergeOutput(stdout: Readable, stderr: Readable): AsyncGenerator<OutputChunk, void> {
  const open = new Map([
    ["stdout", stdout],
    ["stderr", stderr],
  ] as const);
  let news = Promise.withResolvers<void>();
  for (const stream of open.values()) {
    for (const event of ["readable", "end", "close", "error"]) stream.on(event, () => news.resolve());
  }
  while (open.size > 0) {
    news = Promise.withResolvers();
    let quiet = true;
    for (const [name, stream] of open) {
      const bytes: Uint8Array | null = stream.read();
      if (bytes !== null) {
        quiet = false;
        yield { stream: name, bytes };
      } else if (stream.readableEnded || stream.destroyed) open.delete(name);
    }
    if (quiet && open.size > 0) await news.promise;
  }
}
