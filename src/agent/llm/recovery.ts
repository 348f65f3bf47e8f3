/** What to do about a vendor's failure: wait and ask again, ask with less, or give the model up. */
import type { ModelError, ModelFailure } from "./model.ts";

export type Remedy =
  | { readonly kind: "wait"; readonly milliseconds: number }
  /** Ask again with a conversation that is half as long. */
  | { readonly kind: "shorten" }
  | { readonly kind: "give_up" };

/** How often in a row each failure is tried again; what is not here never is. */
const TRIES: { readonly [F in ModelFailure]?: number } = {
  rate_limited: 3,
  overloaded: 2,
  server_error: 2,
  unreachable: 2,
  broken_stream: 2,
  empty_answer: 2,
  timeout: 1,
  answer_too_long: 1,
  context_too_long: 3,
};
/** The longest wait a vendor may ask for; another model is at work sooner. */
const LONGEST_WAIT_MS = 60_000;
const FIRST_BACKOFF_MS = 1000;
/** Added to a vendor's own wait, which is the same for all runs that are told of it. */
const SPREAD_MS = 100;

/**
 * `failures` counts the failures in a row before this one. Waits double from a second on, with up to as much
 * again at random so that runs do not come back together. A vendor's own wait is kept, never cut short; one of
 * no time at all, such as a date that has passed, is no advice.
 */
export function remedyFor(
  { failure, retryAfterMs }: ModelError,
  failures: number,
  random: () => number,
): Remedy {
  if (failures >= (TRIES[failure] ?? 0)) return { kind: "give_up" };
  if (failure === "context_too_long") return { kind: "shorten" };
  if (retryAfterMs === undefined || retryAfterMs <= 0) {
    return { kind: "wait", milliseconds: Math.round(FIRST_BACKOFF_MS * 2 ** failures * (1 + random())) };
  }
  if (retryAfterMs > LONGEST_WAIT_MS) return { kind: "give_up" };
  return { kind: "wait", milliseconds: Math.ceil(retryAfterMs + SPREAD_MS * random()) };
}
