/** Sends recorded events as Server-Sent Events, one frame per read, and stops the work when nobody reads. */
import type { RecordedEvent } from "../run/events.ts";
import type { StartTimer } from "./timers.ts";

export const SSE_HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no",
  "x-content-type-options": "nosniff",
} as const;

/** Proxies cut streams that are idle for about two minutes; a comment keeps them open. */
const PING_MS = 15_000;
/** How long a client waits before it reconnects. */
const RETRY_MS = 3_000;

/** An unnamed frame, so that `EventSource.onmessage` gets every type. JSON has no raw line breaks. */
export function encodeEvent(event: RecordedEvent): string {
  return `id: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`;
}

export interface SseOptions {
  /** Aborted at once when the reader cancels: the generator may be inside an await, where only this reaches it. */
  readonly abort: AbortController;
  readonly startTimer: StartTimer;
}

/**
 * The stream pulls: `events` advances only when the reader wants a frame. The events must not fail
 * (see run/record.ts); if they do, the stream errors without saying why.
 */
export function sseStream(
  events: AsyncIterable<RecordedEvent>,
  { abort, startTimer }: SseOptions,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const iterator = events[Symbol.asyncIterator]();
  let pending: Promise<Settled> | undefined;
  let stopTimer = () => {};
  let cancelled = false;

  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        controller.enqueue(encoder.encode(`retry: ${RETRY_MS}\n\n`));
      },
      async pull(controller) {
        pending ??= settle(iterator.next());
        const idle = Promise.withResolvers<"idle">();
        stopTimer = startTimer(() => idle.resolve("idle"), PING_MS);
        const outcome = await Promise.race([pending, idle.promise]);
        stopTimer();
        if (cancelled) return;
        if (outcome === "idle") {
          controller.enqueue(encoder.encode(": ping\n\n"));
          return;
        }
        pending = undefined;
        if (!outcome.ok) controller.error(new Error("The event stream failed."));
        else if (outcome.result.done === true) controller.close();
        else controller.enqueue(encoder.encode(encodeEvent(outcome.result.value)));
      },
      async cancel() {
        cancelled = true;
        stopTimer();
        abort.abort(new DOMException("The client went away.", "AbortError"));
        if (iterator.return !== undefined) await settle(iterator.return());
      },
    },
    // Nothing is produced ahead of the reader.
    { highWaterMark: 0 },
  );
}

type Settled = { readonly ok: true; readonly result: IteratorResult<RecordedEvent> } | { readonly ok: false };

/** Never rejects, so that a promise nobody waits for any more is harmless. */
function settle(next: Promise<IteratorResult<RecordedEvent>>): Promise<Settled> {
  return next.then(
    (result) => ({ ok: true, result }),
    () => ({ ok: false }),
  );
}
