/** Ends a run's events when the run could not do so itself. */
import { isAbort, ServiceError } from "../../errors.ts";
import type { DoneStatus, RunEvent } from "../events.ts";
import type { Facts } from "./reached.ts";

export interface Ending {
  /** The last is the only `done`; it keeps what the run had reached. */
  readonly events: readonly RunEvent[];
  /** True when the operator should hear of the failure. */
  readonly defect: boolean;
}

/**
 * A ServiceError becomes an `error` event and `done failed`, a time-out `done limit_reached`, an abort
 * `done cancelled`, anything else `internal`.
 */
export function endingOf(failure: unknown, signal: AbortSignal, facts: Facts): Ending {
  const done = (status: DoneStatus, message: string): RunEvent => ({
    type: "done",
    message,
    status,
    ...facts,
  });
  const timedOut = failure instanceof Error && failure.name === "TimeoutError";
  if (signal.aborted || (isAbort(failure) && !timedOut)) {
    return { events: [done("cancelled", "The run was cancelled.")], defect: false };
  }
  if (timedOut) {
    const message = "The run took longer than it may.";
    return {
      events: [{ type: "error", code: "timeout", message, retryable: true }, done("limit_reached", message)],
      defect: false,
    };
  }
  if (failure instanceof ServiceError) {
    const { code, message, retryable } = failure;
    const events: RunEvent[] = [{ type: "error", code, message, retryable }, done("failed", message)];
    return { events, defect: code === "internal" };
  }
  const message = "The service failed in a way it should not; the operator's log says how.";
  return {
    events: [{ type: "error", code: "internal", message, retryable: false }, done("failed", message)],
    defect: true,
  };
}
