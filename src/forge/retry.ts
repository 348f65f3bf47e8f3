/** Repeats requests that may be repeated, never before GitHub allows it, and says so before each wait. */
import { ServiceError } from "../errors.ts";
import { type Failure, headersOf } from "./failure.ts";
import type { ForgeCall } from "./forge.ts";
import { exhausted, type RateLimit, rateLimitOf, retryAfter } from "./rate-limit.ts";

export interface Timing {
  /** Waits, ending at once with the signal's reason when it is aborted. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** At least 0, below 1. */
  readonly random: () => number;
}

export interface RetryOptions extends Timing {
  /** The most one forge call spends waiting, in milliseconds. */
  readonly maxWait: number;
  /** Added to a rate limit's message: what raises the limit. */
  readonly hint: string;
  readonly read: (error: unknown, signal: AbortSignal) => Failure;
}

export interface Retry {
  /**
   * The answer of `attempt`, which is repeated up to twice when it failed for a passing reason
   * and `repeatable`, and whatever it does after a rate limit, because a refused request had no effect.
   *
   * Errors: what the last attempt threw; `rate_limited` with `retryAt` when the wait is too long.
   */
  run<T extends { readonly headers: object }>(attempt: () => Promise<T>, repeatable: boolean): Promise<T>;
  /** Waits before try number `tries` + 1; false, without waiting, when the call has waited too long. */
  backOff(reason: string, tries: number, atLeast?: number): Promise<boolean>;
}

export const MAX_TRIES = 3;
const MAX_RATE_LIMITS = 5;
const FIRST_BACKOFF = 1000;

/**
 * One retry policy for a forge, giving each call its own allowance of waiting. A rate limit met by
 * one call holds back the others too: limits belong to the token.
 */
export function createRetry(options: RetryOptions): (call: ForgeCall) => Retry {
  let gate: { readonly until: number; readonly reason: string } | undefined;

  const close = ({ reason, milliseconds }: RateLimit): void => {
    const until = options.now() + milliseconds;
    if (gate === undefined || until > gate.until) {
      gate = { until, reason };
    }
  };

  return (call) => {
    let waited = 0;

    const wait = async (reason: string, milliseconds: number): Promise<void> => {
      call.signal.throwIfAborted();
      call.onWait?.({ reason, milliseconds });
      waited += milliseconds;
      await options.sleep(milliseconds, call.signal);
      call.signal.throwIfAborted();
    };

    const fits = (milliseconds: number): boolean => waited + milliseconds <= options.maxWait;

    const passGate = async (limits: number): Promise<void> => {
      const held = gate;
      if (held === undefined) {
        return;
      }
      const milliseconds = held.until - options.now();
      if (milliseconds > 0) {
        if (!fits(milliseconds) || limits > MAX_RATE_LIMITS) {
          throw tooLong(held.reason, held.until, options.hint);
        }
        await wait(held.reason, milliseconds);
      } else if (limits > MAX_RATE_LIMITS) {
        throw tooLong(held.reason, held.until, options.hint);
      }
      if (gate === held) {
        gate = undefined;
      }
    };

    const backOff = async (reason: string, tries: number, atLeast = 0): Promise<boolean> => {
      const doubled = FIRST_BACKOFF * 2 ** (tries - 1);
      const milliseconds = Math.max(atLeast, Math.round(doubled * (0.5 + options.random() / 2)));
      if (!fits(milliseconds)) {
        return false;
      }
      await wait(reason, milliseconds);
      return true;
    };

    return {
      backOff,
      async run(attempt, repeatable) {
        let limits = 0;
        let tries = 0;
        for (;;) {
          call.signal.throwIfAborted();
          await passGate(limits);
          try {
            const answer = await attempt();
            note(exhausted(headersOf(answer.headers), options.now()));
            return answer;
          } catch (error) {
            const failure = options.read(error, call.signal);
            const limit = failure.kind === "status" ? rateLimitOf(failure, limits, options.now()) : undefined;
            if (limit !== undefined) {
              limits += 1;
              close(limit);
              continue;
            }
            if (failure.kind === "status") {
              note(exhausted(failure.headers, options.now()));
            }
            tries += 1;
            const told = failure.kind === "status" ? retryAfter(failure.headers, options.now()) : undefined;
            if (
              !(repeatable && isPassing(failure) && tries < MAX_TRIES) ||
              !(await backOff(reasonOf(failure), tries, told))
            ) {
              throw error;
            }
          }
        }
      },
    };
  };

  function note(limit: RateLimit | undefined): void {
    if (limit !== undefined) {
      close(limit);
    }
  }
}

/** True for failures that the same request may not meet again: no or a cut answer, and 5xx. */
export function isPassing(failure: Failure): boolean {
  return failure.kind === "status"
    ? failure.status >= 500
    : failure.error.retryable && failure.error.code !== "rate_limited";
}

/** Why a wait is needed, for people. */
export function reasonOf(failure: Failure): string {
  if (failure.kind === "status") {
    return `GitHub answered ${failure.status}`;
  }
  return failure.error.code === "network_error"
    ? "The connection to GitHub failed"
    : "GitHub sent an unreadable answer";
}

function tooLong(reason: string, until: number, hint: string): ServiceError {
  return new ServiceError(
    "rate_limited",
    `${reason}. Try again after ${new Date(until).toISOString()}.${hint === "" ? "" : ` ${hint}`}`,
    { retryAt: until },
  );
}
