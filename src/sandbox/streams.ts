/** Between async generators and web streams, with ends that reach the other side at once. */

/** Chunks as they are pulled; a reader that cancels ends the generator. `onPull` is called for each. */
export function streamOf(
  chunks: AsyncGenerator<Uint8Array<ArrayBuffer>, void>,
  onPull: () => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream(
    {
      async pull(controller) {
        onPull();
        const next = await chunks.next();
        if (next.done === true) controller.close();
        else controller.enqueue(next.value);
      },
      async cancel() {
        await chunks.return();
      },
    },
    { highWaterMark: 0 },
  );
}

/** A stream's chunks; leaving early cancels it. `onChunk` is called for each. */
export async function* chunksOf(
  stream: ReadableStream<Uint8Array>,
  onChunk: (chunk: Uint8Array) => void = () => {},
): AsyncGenerator<Uint8Array, void> {
  const reader = stream.getReader();
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      onChunk(value);
      yield value;
    }
    ended = true;
  } finally {
    // One that was cut by an abort rejects with that.
    if (!ended) await reader.cancel().catch(() => undefined);
    reader.releaseLock();
  }
}
