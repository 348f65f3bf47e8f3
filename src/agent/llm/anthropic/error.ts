/** What Anthropic's SDK throws, as one of our failures. */
import { APIConnectionError, APIConnectionTimeoutError, APIError } from "@anthropic-ai/sdk/error";
import type { ModelFailure } from "../model.ts";
import { failureOfStatus, isWrongPlace, type VendorError } from "../vendor-error.ts";

/** https://platform.claude.com/docs/en/api/errors */
const TYPES: Readonly<Record<string, ModelFailure>> = {
  authentication_error: "unauthorized",
  permission_error: "unauthorized",
  billing_error: "quota_exceeded",
  rate_limit_error: "rate_limited",
  overloaded_error: "overloaded",
  timeout_error: "timeout",
  api_error: "server_error",
  request_too_large: "context_too_long",
  not_found_error: "request_refused",
};

/** `invalid_request_error` stands for many things, told apart by nothing but words. */
const WORDS: readonly (readonly [RegExp, ModelFailure])[] = [
  [/prompt is too long|exceeds? the context|context (?:window|limit)/i, "context_too_long"],
  [/credit balance|spend(?:ing)? limit/i, "quota_exceeded"],
  [/content filter|usage polic/i, "content_refused"],
];

export function explainAnthropic(error: unknown, fail: VendorError): Error {
  if (error instanceof APIConnectionTimeoutError) return fail("timeout");
  if (error instanceof APIConnectionError) return fail("unreachable");
  // the connection broke, or what came is no event stream
  if (!(error instanceof APIError)) return fail("broken_stream");
  const { status, headers } = error as APIError<number | undefined, Headers | undefined>;
  const wrongPlace = isWrongPlace(status, `${error.type} ${error.message}`) ? { detail: NOTHING_THERE } : {};
  return fail(failureOf(error, status), { status, headers, ...wrongPlace });
}

const NOTHING_THERE = "has nothing at the address it was asked at: check ANTHROPIC_BASE_URL";

/** `status` is undefined for an error that came inside the stream. */
function failureOf(error: APIError, status: number | undefined): ModelFailure {
  if (/spend_limit_reached$/.test(error.errorCode ?? "")) return "quota_exceeded";
  if (status === undefined || Object.hasOwn(TYPES, error.type ?? "")) return failureOfType(error.type ?? "");
  const worded = status === 400 ? WORDS.find(([pattern]) => pattern.test(error.message)) : undefined;
  return worded?.[1] ?? failureOfStatus(status);
}

/** The `type` of an error. */
export function failureOfType(type: string): ModelFailure {
  return (Object.hasOwn(TYPES, type) ? TYPES[type] : undefined) ?? "server_error";
}
