/** Gives out the places for sandboxes: so many at once, a short queue for the rest, and a clear answer past that. */
import { RunnerError } from "./errors.ts";

export interface Admission {
  /**
   * Waits for a place, first come first served. Call what it returns to give the place back; more than once is fine.
   *
   * @throws RunnerError `at_capacity` when the queue is full, too slow, or closed.
   */
  enter(signal: AbortSignal): Promise<() => void>;
  /** Lets nobody in any more, and sends away who waits. */
  close(): void;
  readonly active: number;
  readonly queued: number;
}

export interface AdmissionOptions {
  readonly maxSandboxes: number;
  readonly maxQueue: number;
  readonly queueTimeoutSeconds: number;
}

/** Seconds until somebody who was sent away should come again: sandboxes live for a few commands. */
const RETRY_AFTER = 10;

interface Waiting {
  readonly admit: (leave: () => void) => void;
}

export function createAdmission(options: AdmissionOptions): Admission {
  const { maxSandboxes, maxQueue, queueTimeoutSeconds } = options;
  const queue = new Set<Waiting>();
  const closing = new AbortController();
  let active = 0;

  const takePlace = () => {
    active += 1;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      active -= 1;
      const [next] = queue;
      if (next === undefined) return;
      queue.delete(next);
      next.admit(takePlace());
    };
  };

  return {
    async enter(signal) {
      signal.throwIfAborted();
      if (closing.signal.aborted) throw full("The runner is shutting down.");
      if (active < maxSandboxes) return takePlace();
      if (queue.size >= maxQueue) throw full("All sandboxes and the queue for them are taken.");
      const { promise, resolve, reject } = Promise.withResolvers<() => void>();
      const waiting: Waiting = { admit: resolve };
      queue.add(waiting);
      const late = new AbortController();
      const timer = setTimeout(() => late.abort(), queueTimeoutSeconds * 1000);
      const ended = AbortSignal.any([signal, closing.signal, late.signal]);
      const giveUp = () => {
        queue.delete(waiting);
        if (signal.aborted) reject(signal.reason);
        else if (closing.signal.aborted) reject(full("The runner is shutting down."));
        else reject(full(`No sandbox became free within ${queueTimeoutSeconds} seconds.`));
      };
      ended.addEventListener("abort", giveUp, { once: true });
      try {
        return await promise;
      } finally {
        clearTimeout(timer);
        ended.removeEventListener("abort", giveUp);
      }
    },
    close: () => closing.abort(),
    get active() {
      return active;
    },
    get queued() {
      return queue.size;
    },
  };
}

function full(message: string): RunnerError {
  return new RunnerError("at_capacity", message, { retryAfter: RETRY_AFTER });
}
