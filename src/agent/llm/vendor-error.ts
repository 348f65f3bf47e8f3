/** A vendor's failures in our own words: nothing a vendor wrote is in them, and no key. */
import { ModelError, type ModelFailure } from "./model.ts";

export interface FailureDetails {
  /** The HTTP status, where there is one. */
  readonly status?: number | undefined;
  /** Read for how long to wait. */
  readonly headers?: Headers | undefined;
  /** What the vendor did, in place of the usual words. */
  readonly detail?: string;
}

/** Makes the ModelError for a failure of one vendor. */
export type VendorError = (failure: ModelFailure, details?: FailureDetails) => ModelError;

const WORDS: Readonly<Record<ModelFailure, string>> = {
  unauthorized: "refused the API key",
  quota_exceeded: "has no credit left for the API key",
  rate_limited: "asked for fewer requests",
  overloaded: "is overloaded",
  server_error: "failed to answer",
  unreachable: "could not be reached",
  timeout: "took too long",
  broken_stream: "sent an answer that is not as its protocol has it",
  empty_answer: "answered with neither words nor tool calls",
  answer_too_long: "sent an answer without end",
  context_too_long: "has no room for the conversation",
  request_refused: "refused the request",
  content_refused: "would not answer for reasons of content",
};

/** Vendors say how long to wait in hours at most. */
const MAX_WAIT_MS = 24 * 60 * 60 * 1000;

/** `who` begins each sentence. */
export function vendorErrors(who: string, model: string): VendorError {
  return (failure, { status, headers, detail } = {}) => {
    const words = detail ?? (status === 404 ? `does not know the model "${model}"` : WORDS[failure]);
    const answered = status === undefined ? "" : ` (HTTP ${status})`;
    return new ModelError(failure, `${who} ${words}${answered}.`, { retryAfterMs: retryAfter(headers) });
  };
}

/** Whether a server does not know the address; one that does not know the model says so in its code or words. */
export function isWrongPlace(status: number | undefined, said: string): boolean {
  return status === 405 || (status === 404 && !/model|not_found_error/i.test(said));
}

/** What a status says by itself. */
export function failureOfStatus(status: number): ModelFailure {
  if (status === 401 || status === 403) return "unauthorized";
  if (status === 402) return "quota_exceeded";
  if (status === 408) return "timeout";
  if (status === 413) return "context_too_long";
  if (status === 429) return "rate_limited";
  if (status === 503 || status === 529) return "overloaded";
  if (status >= 500) return "server_error";
  return "request_refused";
}

/** `retry-after-ms`, or `retry-after` in seconds or as a date (RFC 9110, 10.2.3), in milliseconds. */
function retryAfter(headers: Headers | undefined): number | undefined {
  const milliseconds = headers?.get("retry-after-ms")?.trim() ?? "";
  const seconds = headers?.get("retry-after")?.trim() ?? "";
  const wait = /^\d+(?:\.\d+)?$/.test(milliseconds)
    ? Number(milliseconds)
    : /^\d+(?:\.\d+)?$/.test(seconds)
      ? Number(seconds) * 1000
      : Date.parse(seconds) - Date.now();
  return Number.isNaN(wait) ? undefined : Math.min(Math.max(0, Math.ceil(wait)), MAX_WAIT_MS);
}
