/** Reads a stream of chunks by count, whatever their boundaries; holds one chunk at a time. */

export interface ByteSource {
  /** The next `count` bytes, or fewer when the stream ends before. */
  take(count: number): Promise<Uint8Array>;
  /** The next `count` bytes, or fewer when the stream ends before, as the slices they come in. */
  slices(count: number): AsyncGenerator<Uint8Array, void>;
  /** Tells the stream that no more is wanted. */
  close(): Promise<void>;
}

export function createByteSource(bytes: AsyncIterable<Uint8Array>): ByteSource {
  const chunks = bytes[Symbol.asyncIterator]();
  let chunk: Uint8Array = new Uint8Array(0);
  let ended = false;

  async function* slices(count: number): AsyncGenerator<Uint8Array, void> {
    let left = count;
    while (left > 0) {
      if (chunk.byteLength === 0) {
        const next = ended ? undefined : await chunks.next();
        if (next === undefined || next.done === true) {
          ended = true;
          return;
        }
        chunk = next.value;
        continue;
      }
      const slice = chunk.subarray(0, left);
      chunk = chunk.subarray(slice.byteLength);
      left -= slice.byteLength;
      yield slice;
    }
  }

  return {
    slices,
    async take(count) {
      const out = new Uint8Array(count);
      let at = 0;
      for await (const slice of slices(count)) {
        out.set(slice, at);
        at += slice.byteLength;
      }
      return out.subarray(0, at);
    },
    async close() {
      if (ended) return;
      ended = true;
      await chunks.return?.();
    },
  };
}
