/** The port to one run, wherever it lives, and how its failures cross a process boundary. */
import { type ErrorCode, ServiceError } from "../../errors.ts";
import type { RunView } from "../host.ts";
import type { RunRequest } from "../request.ts";
import type { Credentials, ModelKeys } from "./run-record.ts";

/** A ServiceError as plain data: classes do not survive a remote call. */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      readonly error: {
        readonly code: ErrorCode;
        readonly message: string;
        readonly retryable: boolean;
        readonly retryAt: number | undefined;
      };
    };

export interface RunStart {
  readonly id: string;
  readonly caller: string;
  readonly request: RunRequest;
  readonly credentials: Credentials;
  /** Stays in the memory of wherever the run lives. */
  readonly modelKeys?: ModelKeys;
}

export type EventStream = { readonly body: ReadableStream<Uint8Array> } | { readonly ended: true };

/** `undefined` when the run does not exist or is another caller's. */
export interface RunCell {
  /** Starts the run; a run that was started before is left alone. */
  start(run: RunStart): Promise<Result<RunView>>;
  /** The same in one call with reading the events from the first on. */
  stream(run: RunStart): Promise<Result<EventStream | undefined>>;
  view(caller: string): Promise<Result<RunView | undefined>>;
  events(caller: string, after: number): Promise<Result<EventStream | undefined>>;
  patch(caller: string): Promise<Result<string | undefined>>;
  cancel(caller: string): Promise<Result<RunView | undefined>>;
  continuation(caller: string): Promise<Result<RunRequest | undefined>>;
}

/** Runs `work` and turns a ServiceError it throws into data; anything else is thrown on. */
export async function attempt<T>(work: () => T | Promise<T>): Promise<Result<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const { code, message, retryable, retryAt } = error;
    return { ok: false, error: { code, message, retryable, retryAt } };
  }
}

/** The value, or the ServiceError thrown again. */
export function unwrap<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  const { code, message, ...options } = result.error;
  throw new ServiceError(code, message, options);
}
