/** Reads from an answer how long GitHub wants to be left alone. */
import type { HeaderFields, StatusFailure } from "./failure.ts";

export interface RateLimit {
  readonly reason: string;
  /** Milliseconds from the answer's arrival in which no request may be sent. */
  readonly milliseconds: number;
}

/** "Otherwise, wait for at least one minute": https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api */
const SECONDARY_MINIMUM = 60_000;
/** `x-ratelimit-reset` counts whole seconds, by GitHub's clock. */
const CLOCK_MARGIN = 1000;
/** Keeps dates representable whatever a header says. */
const YEAR = 365 * 24 * 3600 * 1000;

const PRIMARY = "GitHub's rate limit is used up";
const SECONDARY = "GitHub asked for fewer requests (secondary rate limit)";

/**
 * The wait a refusal asks for, or undefined when it is not about a rate limit. `repeats` counts
 * the refusals just before this one: without a header, each doubles the wait. `now` is the time
 * in milliseconds since 1970.
 */
export function rateLimitOf(failure: StatusFailure, repeats: number, now: number): RateLimit | undefined {
  const { status, headers, message } = failure;
  const secondary = /secondary rate|abuse detection/i.test(message);
  const told = retryAfter(headers, now);
  const reset = resetOf(headers, now);
  const limited =
    status === 429 ||
    (status === 403 &&
      (told !== undefined ||
        /rate limit|abuse detection/i.test(message) ||
        (reset !== undefined && !isAccess(failure))));
  if (!limited) {
    return undefined;
  }
  const milliseconds = told ?? reset ?? SECONDARY_MINIMUM * 2 ** repeats;
  return { reason: secondary || reset === undefined ? SECONDARY : PRIMARY, milliseconds };
}

/** The wait after an answer that used up the limit: the next request would be refused. */
export function exhausted(headers: HeaderFields, now: number): RateLimit | undefined {
  const reset = resetOf(headers, now);
  return reset === undefined ? undefined : { reason: PRIMARY, milliseconds: reset };
}

/** `Retry-After` in milliseconds: seconds or a date (RFC 9110, 10.2.3). */
export function retryAfter(headers: HeaderFields, now: number): number | undefined {
  const value = headers["retry-after"]?.trim() ?? "";
  if (/^\d+$/.test(value)) {
    return Math.min(Number(value) * 1000, YEAR);
  }
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.min(Math.max(0, date - now), YEAR);
}

function resetOf(headers: HeaderFields, now: number): number | undefined {
  const reset = headers["x-ratelimit-reset"] ?? "";
  if (headers["x-ratelimit-remaining"] !== "0" || !/^\d+$/.test(reset)) {
    return undefined;
  }
  return Math.min(Math.max(0, Number(reset) * 1000 - now) + CLOCK_MARGIN, YEAR);
}

/** A refusal that waiting does not cure, though it may arrive with the last request of an hour. */
function isAccess({ headers, message }: StatusFailure): boolean {
  return headers["x-github-sso"] !== undefined || /^resource not accessible|ip allow list/i.test(message);
}
