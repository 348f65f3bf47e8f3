/** What OpenAI's SDK throws, as one of our failures. */
import { APIConnectionError, APIConnectionTimeoutError, APIError } from "openai/error";
import type { ModelFailure } from "../model.ts";
import { failureOfStatus, isWrongPlace, type VendorError } from "../vendor-error.ts";

/** `code` and `type` of an error, at OpenAI and at servers that speak its protocol. The first that fits decides. */
const CODES: readonly (readonly [RegExp, ModelFailure])[] = [
  [/context_length|context_window|string_above_max_length/, "context_too_long"],
  [/insufficient_quota|insufficient_balance|billing|credit/, "quota_exceeded"],
  [/rate_limit/, "rate_limited"],
  [/overloaded|slow_down|engine_unavailable/, "overloaded"],
  [/invalid_api_key|authentication|account_deactivated/, "unauthorized"],
  [/content_filter|content_policy|invalid_prompt|_policy|policy_violation/, "content_refused"],
];

/** Servers that leave `code` out say it in words. */
const WORDS: readonly (readonly [RegExp, ModelFailure])[] = [
  [
    /context (?:length|window|size)|maximum context|prompt is too long|too many (?:input )?tokens/i,
    "context_too_long",
  ],
  [/api[ _-]?key (?:not|is not|is in)|(?:invalid|incorrect) api[ _-]?key/i, "unauthorized"],
];

export function explainOpenai(error: unknown, fail: VendorError): Error {
  if (error instanceof APIConnectionTimeoutError) return fail("timeout");
  if (error instanceof APIConnectionError) return fail("unreachable");
  // the connection broke, or what came is no event stream
  if (!(error instanceof APIError)) return fail("broken_stream");
  const { status, headers } = error as APIError<number | undefined, Headers | undefined>;
  const wrongPlace = isWrongPlace(status, `${error.code} ${error.type} ${error.message}`)
    ? { detail: NOTHING_THERE }
    : {};
  return fail(failureOf(error, status), { status, headers, ...wrongPlace });
}

const NOTHING_THERE =
  "has nothing at the address it was asked at: check OPENAI_BASE_URL, which ends in /v1 at most servers, and OPENAI_API_STYLE (responses or chat)";

/** `status` is undefined for an error that came inside the stream. */
function failureOf(error: APIError, status: number | undefined): ModelFailure {
  const codes = [error.code, error.type].filter((code) => typeof code === "string");
  for (const [pattern, failure] of CODES) {
    if (codes.some((code) => pattern.test(code))) return failure;
  }
  if (status === undefined) {
    const code = Number(error.code);
    return code >= 400 && code < 600 ? failureOfStatus(code) : "server_error";
  }
  const worded = status === 400 ? WORDS.find(([pattern]) => pattern.test(error.message)) : undefined;
  return worded?.[1] ?? failureOfStatus(status);
}

/** The `error` of a response that failed after it had begun. */
export function failureOfCode(code: string): ModelFailure {
  return CODES.find(([pattern]) => pattern.test(code))?.[1] ?? "server_error";
}
