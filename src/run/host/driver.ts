/** Drives one attempt of a run: takes its story from the last checkpoint on, and keeps what it says. */
import { ServiceError } from "../../errors.ts";
import { type Redactor, redactOutputs } from "../../redact.ts";
import type { CheckpointMark, RunOutput } from "../checkpoint.ts";
import type { RunEvent } from "../events.ts";
import { endingOf } from "./ending.ts";
import type { Recorder } from "./recorder.ts";
import type { RunLog } from "./run-log.ts";
import type { Credentials, RunRecord } from "./run-record.ts";
import { createSaid } from "./said.ts";
import type { Story } from "./story.ts";

export interface Driver {
  /** The attempt under way, if there is one; settles when it has ended or is suspended. */
  current(): Promise<void> | undefined;
  /** Begins an attempt. Rejects when the log cannot be written. */
  begin(record: RunRecord): Promise<void>;
  /** Ends the attempt under way as cancelled, at the latest after a grace of 5 s. */
  cancel(): void;
}

export interface DriverOptions {
  readonly id: string;
  readonly log: RunLog;
  readonly recorder: Recorder;
  /** Asked at the beginning of each attempt. */
  readonly storyFor: (credentials: Credentials) => Story;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly startTimer: (run: () => void, milliseconds: number) => () => void;
  /** How long the log is kept after the end, in milliseconds. */
  readonly retentionMs: number;
  /** Told about defects; without the run's own secrets, which nobody else knows. */
  readonly report: (error: unknown, where: string) => void;
}

/** Attempts in a row that may die without adding an event; from FREE_STALLS on they are kept apart. */
const MOST_STALLS = 10;
const FREE_STALLS = 4;
/** The most a run waits for rate limits in all; GitHub's primary limit is reset every hour. */
const MOST_SUSPENDED_MS = 2 * 3_600_000;
const CANCEL_GRACE_MS = 5_000;

const RESUMED: RunEvent = {
  type: "warning",
  code: "resumed",
  message:
    "The run was interrupted and goes on from its last checkpoint; what it was in the middle of is done again.",
};

/**
 * When the next attempt may begin, in milliseconds since the epoch: after a rate limit, and not at once again
 * when attempts keep dying, be it a run that brings its process down or a process that is brought down often.
 */
export function nextAttemptAt({ resumesAt, stalls, attemptedAt }: RunRecord): number {
  const restMs = stalls <= FREE_STALLS ? 0 : 2000 * 2 ** (stalls - FREE_STALLS - 1);
  return Math.max(resumesAt ?? 0, attemptedAt + restMs);
}

export function createDriver(options: DriverOptions): Driver {
  const { id, log, recorder, now, startTimer } = options;
  let current: Promise<void> | undefined;
  let cancel: (() => void) | undefined;

  async function drive(record: RunRecord, signal: AbortSignal, late: Promise<never>): Promise<void> {
    const story = options.storyFor(record.credentials);
    const startedAt = now();
    const said = createSaid([...recorder.logged(record.checkpointSeq)]);
    const resume = log.resume();
    log.update({
      attempts: record.attempts + 1,
      attemptedAt: startedAt,
      stalls: record.stalls + 1,
      resumesAt: null,
    });

    const add = (event: RunEvent, mark?: CheckpointMark): void => {
      const at = now();
      const end =
        event.type === "done"
          ? { state: event.status, finishedAt: at, expiresAt: at + options.retentionMs }
          : {};
      const activeMs = record.activeMs + Math.max(0, at - startedAt);
      recorder.add(event, { mark, changes: { stalls: 0, activeMs, ...end } });
    };

    let failure: unknown;
    try {
      if (record.stalls >= MOST_STALLS) throw stalled(record.stalls);
      const outputs = story.run(record.request, {
        runId: id,
        signal,
        introduced: true,
        activeMs: record.activeMs,
        maxSuspendMs: MOST_SUSPENDED_MS - record.suspendedMs,
        ...(resume === undefined ? {} : { resume }),
      });
      let mark: CheckpointMark | undefined;
      for await (const output of heard(redactOutputs(outputs, story.redactor), late)) {
        if (output.type === "checkpoint") {
          mark = joined(mark, withoutSecrets(output, story.redactor));
          continue;
        }
        if (output.type === "suspend") {
          const waitMs = Math.max(0, output.until - now());
          log.update({ resumesAt: output.until, suspendedMs: record.suspendedMs + waitMs, stalls: 0 });
          return;
        }
        const repeated = said.repeats(output);
        if (repeated === undefined) {
          if (said.departs(output) && output.type !== "done") add(RESUMED);
          add(output, mark);
          if (output.type === "done") return;
        } else if (mark !== undefined) log.save(mark, repeated);
        mark = undefined;
      }
      failure = new Error("the run ended without a done event");
    } catch (error) {
      failure = error;
    }
    const ending = endingOf(failure, signal, recorder.facts());
    for (const event of ending.events) add(story.redactor.redact(event));
    if (ending.defect) options.report(reportable(failure, story.redactor), `run ${id}`);
  }

  return {
    current: () => current,

    begin(record) {
      const late = Promise.withResolvers<never>();
      // Whoever drives hears of it; once nobody does, it means nothing.
      late.promise.catch(() => undefined);
      const controller = new AbortController();
      let stopTimer = () => {};
      cancel = () => {
        if (controller.signal.aborted) return;
        controller.abort(cancellation());
        stopTimer = startTimer(() => late.reject(cancellation()), CANCEL_GRACE_MS);
      };
      if (record.cancelled) cancel();
      current = drive(record, controller.signal, late.promise).finally(() => {
        stopTimer();
        current = undefined;
        cancel = undefined;
      });
      return current;
    },

    cancel: () => cancel?.(),
  };
}

/** What the story says, until `late` is rejected. */
async function* heard(outputs: AsyncGenerator<RunOutput>, late: Promise<never>): AsyncGenerator<RunOutput> {
  try {
    for (;;) {
      const next = await Promise.race([outputs.next(), late]);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    // Not awaited: a story that does not listen may never settle.
    outputs.return(undefined).catch(() => undefined);
  }
}

/** A patch repeats what it deletes, be it a secret. Without one it stays as it is, so that it can be applied. */
function withoutSecrets(mark: CheckpointMark, redactor: Redactor): CheckpointMark {
  const { patch } = mark;
  return patch !== undefined && redactor.holds(patch) ? { ...mark, patch: redactor.redact(patch) } : mark;
}

/** Two marks with nothing said between them are one: all that both of them keep, as of the second. */
function joined(first: CheckpointMark | undefined, second: CheckpointMark): CheckpointMark {
  if (first === undefined) return second;
  return {
    ...first,
    ...second,
    edits: [...first.edits, ...second.edits],
    append: [...(first.append ?? []), ...(second.append ?? [])],
  };
}

/** A failure for the operator's log. Its cause, which is not shown there, is left behind. */
function reportable(failure: unknown, redactor: Redactor): Error {
  const { name, message, stack } = failure instanceof Error ? failure : new Error(String(failure));
  const shown = new Error(redactor.redact(message));
  shown.name = name;
  if (stack !== undefined) shown.stack = redactor.redact(stack);
  return shown;
}

function stalled(attempts: number): ServiceError {
  return new ServiceError(
    "internal",
    `The service was interrupted ${attempts} times in a row at the same place, so the run was given up. Start it again.`,
    { retryable: true },
  );
}

function cancellation(): DOMException {
  return new DOMException("The run was cancelled.", "AbortError");
}
