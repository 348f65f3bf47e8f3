/** Waits for a place among the commands that Lambda runs at once: what it turns away has not begun, so it is asked again. */
import { setTimeout as sleep } from "node:timers/promises";
import { RunnerError } from "../errors.ts";

/**
 * Invokes, and again after as long as AWS says, until there is a place. Throws RunnerError `at_capacity` when the next
 * try would be later than `waitMs` from the first, the signal's reason when it aborts, and whatever else `invoke` does.
 */
export async function* invokeInTurn(
  invoke: () => AsyncGenerator<Uint8Array, void>,
  waitMs: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  const lastTry = performance.now() + waitMs;
  for (;;) {
    try {
      return yield* invoke();
    } catch (error) {
      if (!(error instanceof RunnerError && error.code === "at_capacity")) throw error;
      const pauseMs = (error.retryAfter ?? 1) * 1000;
      if (performance.now() + pauseMs > lastTry) throw error;
      await sleep(pauseMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}
