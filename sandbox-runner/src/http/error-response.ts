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

/**
 * What the log is told of anything thrown. Messages name files and what programs said, which are the caller's; what
 * a provider said is for the operator, and so is all of a defect.
 */
export function loggedError(error: unknown): Readonly<Record<string, unknown>> {
  if (!(error instanceof RunnerError) || error.code === "internal") return { code: "internal", error };
  const { code, cause } = error;
  if (code !== "provider_unavailable") return { code };
  return { code, cause: cause instanceof Error ? cause.message : undefined };
}

export function errorResponse({ code, message, retryAfter }: RunnerError): Response {
  const headers = new Headers();
  if (code === "unauthorized") headers.set("www-authenticate", "TinyBackspaceSandbox");
  if (retryAfter !== undefined) headers.set("retry-after", String(retryAfter));
  const body = { error: { code, message, retryable: RETRYABLE.has(code) } };
  return Response.json(body, { status: RUNNER_ERRORS[code], headers });
}
