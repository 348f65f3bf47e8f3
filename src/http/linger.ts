/** Lets a refusal arrive: a server that closes on an upload it did not read takes its own answer back. */
import type { StartTimer } from "./timers.ts";

/** The most that is read and thrown away, in bytes: the largest body Cloudflare's front lets through, and some. */
export const LINGER_BYTES = 134_217_728;
/** The longest that is waited for the rest of an upload. */
export const LINGER_MS = 2_000;

/**
 * The same answer, sent at once, but ended only when `upload` has been read to its end or a bound is met.
 * Closing earlier would reset the connection (RFC 9112, section 9.6), and the client might never see why.
 */
export function lingering(
  response: Response,
  upload: ReadableStream<Uint8Array>,
  startTimer: StartTimer,
): Response {
  const reader = upload.getReader();
  let answered = false;
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (!answered) {
          answered = true;
          controller.enqueue(new Uint8Array(await response.arrayBuffer()));
          return;
        }
        await drain(reader, startTimer);
        controller.close();
      },
      cancel: () => stop(reader),
    },
    { highWaterMark: 0 },
  );
  return new Response(body, response);
}

async function drain(reader: ReadableStreamDefaultReader<Uint8Array>, startTimer: StartTimer): Promise<void> {
  const late = Promise.withResolvers<void>();
  const stopTimer = startTimer(() => late.resolve(), LINGER_MS);
  await Promise.race([discard(reader), late.promise]);
  stopTimer();
  stop(reader);
}

async function discard(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  let bytes = 0;
  try {
    while (bytes < LINGER_BYTES) {
      const { value } = await reader.read();
      if (value === undefined) return;
      bytes += value.length;
    }
  } catch {
    // The sender is gone, which is as good an end as any.
  }
}

/** Not awaited: a sender that has stalled may never let a cancellation settle. */
function stop(reader: ReadableStreamDefaultReader<Uint8Array>): void {
  reader.cancel().catch(() => undefined);
}
