/** The one form every error answer has: `{ error: { code, message, problems? } }`. */
import { ServiceError } from "../errors.ts";
import type { Redactor } from "../redact.ts";
import { RequestProblems } from "./problems.ts";
import { HTTP_STATUS } from "./status.ts";

/**
 * An answer for anything thrown. Only a ServiceError says what it is; everything else is `internal`
 * and keeps its message to itself.
 */
export function errorResponse(error: unknown, redactor: Redactor): Response {
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
  return Response.json(body, { status: HTTP_STATUS[shown.code], headers });
}
