/** The one form every error answer has: `{ error: { code, message, problems? } }`. */
import { ServiceError } from "../errors.ts";
import type { Redactor } from "../redact.ts";
import { RequestProblems } from "./problems.ts";
import { HTTP_STATUS } from "./status.ts";

/**
 * An answer for anything thrown. Only a ServiceError says what it is; everything else is `internal`
 * and keeps its message to itself. `now` (milliseconds since the epoch) turns `retryAt` into
 * `Retry-After` in whole seconds (RFC 9110, section 10.2.3).
 */
export function errorResponse(error: unknown, redactor: Redactor, now: number): Response {
  const shown =
    error instanceof ServiceError
      ? error
      : new ServiceError(
          "internal",
          "The service failed in a way it should not; the operator's log says how.",
        );
  const problems = shown instanceof RequestProblems ? { problems: shown.problems } : {};
  const body = redactor.redact({ error: { code: shown.code, message: shown.message, ...problems } });
  const headers = new Headers();
  if (shown.code === "unauthorized") headers.set("www-authenticate", 'Bearer realm="tiny-backspace"');
  if (shown.retryAt !== undefined) {
    headers.set("retry-after", String(Math.max(1, Math.ceil((shown.retryAt - now) / 1000))));
  }
  return Response.json(body, { status: HTTP_STATUS[shown.code], headers });
}
