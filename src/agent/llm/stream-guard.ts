/** Keeps one request to a model within its bounds: silence, time, and bytes that make no event. */
import type { VendorError } from "./vendor-error.ts";

/** Bytes without an event between them: an SDK holds them all. An event with all of an answer is about as long. */
const MAX_BYTES_AN_EVENT = 16 * 1024 * 1024;

export interface StreamGuard {
  /** Aborts when the request is over, in whatever way. */
  readonly signal: AbortSignal;
  /** The fetch that was given, for this request. */
  readonly fetch: typeof fetch;
  /** Settles as the promise does, or rejects when a bound is hit or the caller aborts. The clock for silence runs meanwhile. */
  race<T>(promise: Promise<T>): Promise<T>;
  /** An event has come. */
  progress(): void;
  /** The bound that was hit or the caller's reason, if there is one; else what `otherwise` returns. */
  failure(otherwise: () => unknown): unknown;
  /** Ends the request; nothing is left behind. */
  close(): void;
}

export interface StreamGuardOptions {
  readonly fetch: typeof fetch;
  readonly signal: AbortSignal;
  readonly idleTimeoutMs: number;
  readonly answerTimeoutMs: number;
  readonly fail: VendorError;
}

export function createStreamGuard(options: StreamGuardOptions): StreamGuard {
  const { fail, idleTimeoutMs, answerTimeoutMs } = options;
  const controller = new AbortController();
  const { promise: failed, reject } = Promise.withResolvers<never>();
  // most requests do not fail, and then nobody listens
  failed.catch(() => undefined);
  let failure: { readonly reason: unknown } | undefined;
  let idle: ReturnType<typeof setTimeout> | undefined;
  let bytes = 0;

  const stop = (reason: unknown): void => {
    failure ??= { reason };
    reject(failure.reason);
    close();
  };
  const onAbort = (): void => stop(options.signal.reason);
  const seconds = (milliseconds: number): string => `${Math.round(milliseconds / 100) / 10} s`;
  const listen = (): void => {
    clearTimeout(idle);
    idle = setTimeout(
      () => stop(fail("timeout", { detail: `sent nothing for ${seconds(idleTimeoutMs)}` })),
      idleTimeoutMs,
    );
  };
  const total = setTimeout(
    () => stop(fail("timeout", { detail: `did not finish its answer within ${seconds(answerTimeoutMs)}` })),
    answerTimeoutMs,
  );
  options.signal.addEventListener("abort", onAbort, { once: true });

  function close(): void {
    clearTimeout(total);
    options.signal.removeEventListener("abort", onAbort);
    controller.abort();
  }

  const count = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, stream) {
      bytes += chunk.byteLength;
      // a comment that keeps the connection open is a sign of life too
      if (idle !== undefined) listen();
      if (bytes > MAX_BYTES_AN_EVENT) stop(fail("answer_too_long"));
      stream.enqueue(chunk);
    },
  });

  return {
    signal: controller.signal,
    fetch: async (input, init) => {
      const response = await options.fetch(input, { ...init, signal: controller.signal });
      const { body, status, statusText, headers } = response;
      return body === null
        ? response
        : new Response(body.pipeThrough(count), { status, statusText, headers });
    },
    async race(promise) {
      listen();
      try {
        return await Promise.race([promise, failed]);
      } finally {
        clearTimeout(idle);
        idle = undefined;
      }
    },
    progress() {
      bytes = 0;
    },
    failure: (otherwise) => (failure === undefined ? otherwise() : failure.reason),
    close,
  };
}
