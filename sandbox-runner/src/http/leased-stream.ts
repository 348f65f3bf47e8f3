/** Turns work in a sandbox into the body of an answer, and gives the sandbox back however that ends. */
import type { Lease } from "../sandboxes.ts";

/**
 * Pulls from `pieces` as fast as the body is read. When the body is cancelled, the work is aborted first: ending a
 * generator alone would wait for what it waits for. `pieces` must not throw; what it could say would be lost.
 */
export function leasedStream(
  lease: Lease<unknown>,
  pieces: AsyncGenerator<Uint8Array, void>,
): ReadableStream<Uint8Array> {
  const finish = async () => {
    lease.abort();
    await pieces.return().catch(() => undefined);
    lease.done();
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { value } = await pieces.next();
        if (value !== undefined) controller.enqueue(value);
        else {
          lease.done();
          controller.close();
        }
      },
      cancel: finish,
    },
    { highWaterMark: 0 },
  );
}
