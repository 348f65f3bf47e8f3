/** Turns what a run yields into what readers get: numbered, stamped, redacted, and ended exactly once. */
import { isAbort, ServiceError } from "../errors.ts";
import { type Redactor, redactEvents } from "../redact.ts";
import type { DoneEvent, DoneStatus, RecordedEvent, RunEvent } from "./events.ts";

export interface RecordOptions {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly redactor: Redactor;
  /** The run's own signal: whatever is thrown after it aborted is a cancellation. */
  readonly signal?: AbortSignal;
  /** Told what was thrown when it was not meant for users; not redacted. */
  readonly onDefect?: (error: unknown) => void;
}

/**
 * Records a run. Never throws: a ServiceError becomes an `error` event and `done failed`, a time-out
 * `done limit_reached`, an abort `done cancelled`, anything else `internal`. The last event is
 * always the only `done`, and keeps what the run had reached.
 */
export async function* record(
  events: AsyncIterable<RunEvent>,
  { now, redactor, signal, onDefect }: RecordOptions,
): AsyncGenerator<RecordedEvent> {
  const progress = trackProgress();
  let seq = 0;
  const stamp = (event: RunEvent): RecordedEvent => {
    seq += 1;
    return { seq, time: new Date(now()).toISOString(), ...event };
  };

  let failure: unknown;
  try {
    for await (const event of redactEvents(events, redactor)) {
      progress.see(event);
      yield stamp(event);
      if (event.type === "done") return;
    }
    failure = new Error("the run ended without a done event");
  } catch (error) {
    failure = error;
  }
  for (const event of ending(failure, signal, progress.done)) yield stamp(redactor.redact(event));
  if (!(failure instanceof ServiceError || isAbort(failure) || signal?.aborted)) onDefect?.(failure);
}

type Finish = (status: DoneStatus, message: string) => DoneEvent;

function ending(failure: unknown, signal: AbortSignal | undefined, done: Finish): RunEvent[] {
  const timedOut = failure instanceof Error && failure.name === "TimeoutError";
  if (signal?.aborted === true || (isAbort(failure) && !timedOut)) {
    return [done("cancelled", "The run was cancelled.")];
  }
  if (timedOut) {
    const message = "The run took longer than it may.";
    return [{ type: "error", code: "timeout", message, retryable: true }, done("limit_reached", message)];
  }
  if (failure instanceof ServiceError) {
    const { code, message, retryable } = failure;
    return [{ type: "error", code, message, retryable }, done("failed", message)];
  }
  const message = "The service failed in a way it should not; the operator's log says how.";
  return [{ type: "error", code: "internal", message, retryable: false }, done("failed", message)];
}

/** Remembers what a `done` has to say, from the events that went by. */
function trackProgress() {
  const reached: Omit<DoneEvent, "type" | "message" | "status"> = {
    pr_url: null,
    branch: null,
    commit: null,
    changes: [],
    agent: "rule_based",
    usage: { input_tokens: 0, output_tokens: 0, cached_tokens: 0, cost_usd: 0, turns: 0 },
  };
  return {
    see(event: RunEvent): void {
      if (event.type === "info") reached.agent = event.agent ?? reached.agent;
      if (event.type === "change") {
        const { type: _type, message: _message, ...change } = event;
        reached.changes.push(change);
      }
      if (event.type === "usage") {
        const { type: _type, message: _message, ...usage } = event;
        reached.usage = usage;
      }
      if (event.type === "success") {
        reached.pr_url = event.pr_url ?? reached.pr_url;
        reached.commit = event.result.commit ?? reached.commit;
        if (event.step === "push") reached.branch = event.result.branch ?? reached.branch;
      }
    },
    done: (status: DoneStatus, message: string): DoneEvent => ({ type: "done", message, status, ...reached }),
  };
}
