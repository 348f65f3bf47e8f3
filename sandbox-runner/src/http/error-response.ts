/** The one form every error answer has. */
import { RUNNER_ERRORS, type RunnerErrorCode } from "../../../src/sandbox/wire.ts";
import { RunnerError } from "../errors.ts";

/** What comes with time, not with another request. */
const RETRYABLE: ReadonlySet<RunnerErrorCode> = new Set([
  "at_capacity",
  "provider_unavailable",
  "sandbox_in_use",
  "internal",
]);

/** What is shown of anything thrown: only a RunnerError says what it is, a defect keeps its message to itself. */
export function shownError(error: unknown): RunnerError {
  return error instanceof RunnerError
    ? error
    : new RunnerError("internal", "The runner failed in a way it should not; its log says how.");
}

export function errorResponse({ code, message, retryAfter }: RunnerError): Response {
  const headers = new Headers();
  if (code === "unauthorized") headers.set("www-authenticate", "TinyBackspaceSandbox");
  if (retryAfter !== undefined) headers.set("retry-after", String(retryAfter));
  const body = { error: { code, message, retryable: RETRYABLE.has(code) } };
  return Response.json(body, { status: RUNNER_ERRORS[code], headers });
}
