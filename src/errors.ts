/** One family of errors: a code a program can switch on, a message a person can act on. */

/** Every way a request or a run can fail. `src/http/status.ts` maps each to an HTTP status. */
export const ERROR_CODES = [
  // the request
  "invalid_request",
  "payload_too_large",
  "unsupported_media_type",
  "unauthorized",
  "forbidden",
  "not_found",
  "method_not_allowed",
  "too_many_requests",
  "too_many_runs",
  "idempotency_key_reused",
  "run_expired",
  "run_in_progress",
  "run_without_branch",
  // the forge
  "invalid_token",
  "permission_denied",
  "repository_not_found",
  "repository_archived",
  "repository_too_large",
  "fork_refused",
  "forge_conflict",
  "forge_rejected",
  "rate_limited",
  "forge_unavailable",
  "network_error",
  // the git server
  "repository_empty",
  "branch_not_found",
  "git_protocol_error",
  "pack_too_large",
  "object_too_large",
  "tree_too_large",
  "push_rejected",
  // the workspace
  "path_refused",
  "file_not_found",
  "file_exists",
  "not_a_file",
  "not_text",
  "invalid_pattern",
  "too_much_to_read",
  "edit_too_large",
  // the run
  "secret_in_change",
  "timeout",
  "internal",
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

export interface ServiceErrorOptions {
  /** True when the same request may succeed later without a change. */
  retryable?: boolean;
  /** When trying again makes sense, in milliseconds since the epoch; implies `retryable`. */
  retryAt?: number | undefined;
  /** Kept for logs on the operator's side; never sent to a client. */
  cause?: unknown;
}

/**
 * An error meant for the user: `message` says what could not be done and what to do about it,
 * with the offending value quoted. Anything thrown that is not a ServiceError is a defect and
 * reaches clients only as `internal`.
 */
export class ServiceError extends Error {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly retryAt: number | undefined;

  constructor(code: ErrorCode, message: string, options: ServiceErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ServiceError";
    this.code = code;
    this.retryable = options.retryable ?? options.retryAt !== undefined;
    this.retryAt = options.retryAt;
  }
}

/** True for the error an aborted fetch, stream or `signal.throwIfAborted()` throws. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === "AbortError" || error.name === "TimeoutError");
}
