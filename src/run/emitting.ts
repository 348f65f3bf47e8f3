/** Lets work that reports through callbacks be one step of a generator. */

/**
 * Runs `work` and yields what it emits while it runs; returns what it returns, throws what it
 * throws. Everything emitted is yielded before either. Memory: what the reader has not taken yet.
 */
export async function* emitting<E, T>(work: (emit: (event: E) => void) => Promise<T>): AsyncGenerator<E, T> {
  const queue: E[] = [];
  let wake = Promise.withResolvers<void>();
  let settled = false;
  const result = work((event) => {
    queue.push(event);
    wake.resolve();
  }).finally(() => {
    settled = true;
    wake.resolve();
  });
  // Awaited below; this keeps a failure from counting as unhandled while events are read.
  result.catch(() => {});
  while (!settled || queue.length > 0) {
    const event = queue.shift();
    if (event !== undefined) {
      yield event;
      continue;
    }
    await wake.promise;
    wake = Promise.withResolvers<void>();
  }
  return result;
}
