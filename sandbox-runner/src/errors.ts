/** What a request can end with: a code a program can switch on, a message a person can act on. */
import type { RunnerErrorCode } from "../../src/sandbox/wire.ts";

/** Meant for the caller. Anything else that is thrown is a defect, and reaches callers as `internal` only. */
export class RunnerError extends Error {
  readonly code: RunnerErrorCode;
  /** Seconds after which trying again makes sense. */
  readonly retryAfter: number | undefined;

  constructor(
    code: RunnerErrorCode,
    message: string,
    options: { retryAfter?: number; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "RunnerError";
    this.code = code;
    this.retryAfter = options.retryAfter;
  }
}
