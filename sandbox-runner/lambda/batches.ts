/** Puts many small chunks together into few larger ones: each one that is sent costs. */

/** Chunks of about `size` bytes, and the rest. */
export async function* batches(
  chunks: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<Uint8Array, void> {
  let kept: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    // A copy: chunks may be valid only until the next is asked for.
    kept.push(chunk.slice());
    bytes += chunk.byteLength;
    if (bytes < size) continue;
    yield Buffer.concat(kept);
    kept = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(kept);
}
