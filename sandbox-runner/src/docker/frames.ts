/** The engine's multiplexed streams: frames of standard output and standard error on one connection. */
import type { OutputChunk } from "../backend.ts";

/** The stream's number, three zeros, a big-endian length. */
const HEADER_BYTES = 8;

/**
 * Output as it arrives, without waiting for whole frames; nothing is read while nobody asks. Leaving early ends the
 * source. (https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach)
 */
export async function* readFrames(source: AsyncIterable<Buffer>): AsyncGenerator<OutputChunk, void> {
  const header = Buffer.alloc(HEADER_BYTES);
  let have = 0;
  let left = 0;
  for await (const data of source) {
    let at = 0;
    while (at < data.length) {
      if (left === 0) {
        const taken = data.copy(header, have, at, at + HEADER_BYTES - have);
        have += taken;
        at += taken;
        if (have < HEADER_BYTES) break;
        have = 0;
        left = header.readUInt32BE(4);
      } else {
        const bytes = data.subarray(at, at + left);
        at += bytes.length;
        left -= bytes.length;
        yield { stream: header[0] === 2 ? "stderr" : "stdout", bytes };
      }
    }
  }
}
