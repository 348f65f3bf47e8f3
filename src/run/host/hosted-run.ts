/** One run in its host: started once, driven by an alarm until it has ended, read by anybody who may, then deleted. */
import { ServiceError } from "../../errors.ts";
import { redactOutputs } from "../../redact.ts";
import type { CheckpointMark, RunOutput } from "../checkpoint.ts";
import type { RecordedEvent, RunEvent } from "../events.ts";
import type { RunView } from "../host.ts";
import type { RunRequest } from "../request.ts";
import type { EventStream, RunStart } from "./cell.ts";
import { endingOf } from "./ending.ts";
import { createReached } from "./reached.ts";
import { createReaders, type Frames, MOST_READERS } from "./readers.ts";
import { createRunLog, type RunRecord } from "./run-log.ts";
import { createSaid } from "./said.ts";
import type { Sql } from "./sql.ts";
import type { StoryFor } from "./story.ts";

export interface Ended {
  readonly id: string;
  readonly status: Exclude<RunView["status"], "running">;
  /** Milliseconds since the epoch. */
  readonly finishedAt: number;
  readonly prUrl: string | null;
}

export interface HostedRunOptions {
  readonly id: string;
  readonly sql: Sql;
  readonly storyFor: StoryFor;
  readonly frames: Frames;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly startTimer: (run: () => void, milliseconds: number) => () => void;
  /** How long the log is kept after the run has ended, in milliseconds. */
  readonly retentionMs: number;
  /** Has `wake` called at this time (milliseconds since the epoch), also in the next life of the process. */
  readonly setAlarm: (at: number) => void;
  /** Tells the directory; may fail, and is tried again. */
  readonly tellEnded: (ended: Ended) => Promise<void>;
  /** Told when the last trace of the run has been deleted. */
  readonly onForgotten?: () => void;
  /** Told when the last reader has gone and nothing is being done. */
  readonly onIdle?: () => void;
  /** Told about defects; not redacted. */
  readonly report: (error: unknown, where: string) => void;
}

export interface HostedRun {
  start(run: RunStart): RunView;
  view(caller: string): RunView | undefined;
  events(caller: string, after: number): EventStream | undefined;
  patch(caller: string): string | undefined;
  cancel(caller: string): Promise<RunView | undefined>;
  continuation(caller: string): RunRequest | undefined;
  /** Does what is due: drives the run, or tells of its end, or deletes it. Never lasts over SLICE_MS. */
  wake(): Promise<void>;
  /** True while something in memory is of use: the run is being driven, or has readers. */
  busy(): boolean;
}

/** An alarm may take 15 minutes on Cloudflare; a longer run goes on under the next alarm. */
const SLICE_MS = 10 * 60_000;
/** Attempts in a row that may die without adding an event. */
const MOST_STALLS = 5;
/** The most a run waits for rate limits in all; GitHub's primary limit is reset every hour. */
const MOST_SUSPENDED_MS = 2 * 3_600_000;
/** How long after a cancellation the run may take to end by itself. */
const CANCEL_GRACE_MS = 5_000;
const TELL_AGAIN_MS = 5_000;
const WHOLE_LOG = Number.POSITIVE_INFINITY;

export function createHostedRun(options: HostedRunOptions): HostedRun {
  const { id, now, startTimer } = options;
  const log = createRunLog(options.sql, id);
  const reached = createReached();
  let seenSeq = 0;
  let driving: Promise<void> | undefined;
  let abort: AbortController | undefined;

  const readers = createReaders({
    frames: options.frames,
    startTimer,
    read: log.read,
    onIdle: () => {
      if (driving === undefined) options.onIdle?.();
    },
    head: () => {
      const record = log.record();
      return { seq: record?.lastSeq ?? 0, last: record?.state !== "running" };
    },
  });

  function own(caller: string): RunRecord | undefined {
    const record = log.record();
    if (record?.caller !== caller) return undefined;
    if (record.state === "expired") {
      const when = new Date(record.expiresAt ?? now()).toISOString();
      throw new ServiceError(
        "run_expired",
        `The run and its log were deleted on ${when}, as all are in time.`,
      );
    }
    return record;
  }

  /** Reads what the log has that this life of the process has not seen. */
  function catchUp(): void {
    for (const { seq, json } of log.read(seenSeq, WHOLE_LOG)) {
      reached.see(JSON.parse(json));
      seenSeq = seq;
    }
  }

  function view(record: RunRecord): RunView {
    catchUp();
    const { request } = record;
    const { pr_url, branch, commit, changes, agent, usage } = reached.facts();
    return {
      id,
      status: record.state === "expired" ? "failed" : record.state,
      message: reached.message(),
      repository: `${request.repo.owner}/${request.repo.name}`,
      prompt: request.prompt,
      mode: request.mode,
      agent,
      created_at: iso(record.createdAt),
      finished_at: record.finishedAt === null ? null : iso(record.finishedAt),
      expires_at: record.expiresAt === null ? null : iso(record.expiresAt),
      resumes_at: record.resumesAt === null ? null : iso(record.resumesAt),
      attempts: Math.max(1, record.attempts),
      last_event_id: record.lastSeq,
      branch,
      commit,
      pr_url,
      changes,
      usage,
      continues: request.continues?.run_id ?? null,
    };
  }

  function alarm(at: number): void {
    log.update({ wakeAt: at });
    options.setAlarm(at);
  }

  async function drive(record: RunRecord, controller: AbortController): Promise<void> {
    const story = options.storyFor(record.credentials);
    const startedAt = now();
    const said = createSaid(log.read(record.checkpointSeq, WHOLE_LOG).map(({ json }) => JSON.parse(json)));
    const resume = log.resume();
    log.update({ attempts: record.attempts + 1, stalls: record.stalls + 1, resumesAt: null });

    const add = (event: RunEvent, mark?: CheckpointMark): void => {
      const at = now();
      const seq = (log.record()?.lastSeq ?? 0) + 1;
      const recorded: RecordedEvent = { seq, time: iso(at), ...event };
      catchUp();
      const stored = log.append(recorded, {
        mark,
        patch: event.type === "done" ? event.patch : undefined,
        changes: {
          stalls: 0,
          activeMs: record.activeMs + Math.max(0, at - startedAt),
          ...(event.type === "done"
            ? { state: event.status, finishedAt: at, expiresAt: at + options.retentionMs }
            : {}),
        },
      });
      reached.see(recorded);
      seenSeq = seq;
      readers.added(stored);
    };

    let failure: unknown;
    try {
      if (record.stalls >= MOST_STALLS) throw new Error(`${record.stalls} attempts died without an event`);
      const outputs = story.run(record.request, {
        runId: id,
        signal: controller.signal,
        introduced: true,
        activeMs: record.activeMs,
        maxSuspendMs: MOST_SUSPENDED_MS - record.suspendedMs,
        ...(resume === undefined ? {} : { resume }),
      });
      let mark: CheckpointMark | undefined;
      for await (const output of cancellable(redactOutputs(outputs, story.redactor), controller.signal)) {
        if (output.type === "checkpoint") {
          mark = output;
          continue;
        }
        if (output.type === "suspend") {
          const waitMs = Math.max(0, output.until - now());
          log.update({ resumesAt: output.until, suspendedMs: record.suspendedMs + waitMs, stalls: 0 });
          return;
        }
        const repeated = said.repeats(output);
        if (repeated !== undefined) {
          if (mark !== undefined) log.save(mark, repeated);
        } else {
          if (said.departs(output) && output.type !== "done") add(RESUMED);
          add(output, mark);
          if (output.type === "done") return;
        }
        mark = undefined;
      }
      failure = new Error("the run ended without a done event");
    } catch (error) {
      failure = error;
    }
    catchUp();
    const ending = endingOf(failure, controller.signal, reached.facts());
    for (const event of ending.events) add(story.redactor.redact(event));
    if (ending.defect) options.report(failure, `run ${id}`);
  }

  /** The run's events; after an abort it has a moment to end by itself. */
  async function* cancellable(
    outputs: AsyncGenerator<RunOutput>,
    signal: AbortSignal,
  ): AsyncGenerator<RunOutput> {
    const late = Promise.withResolvers<never>();
    let stopTimer = () => {};
    const onAbort = () => {
      stopTimer = startTimer(() => late.reject(signal.reason), CANCEL_GRACE_MS);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    try {
      for (;;) {
        const next = await Promise.race([outputs.next(), late.promise]);
        if (next.done) return;
        yield next.value;
      }
    } finally {
      stopTimer();
    }
  }

  function startDriving(record: RunRecord): Promise<void> {
    abort = new AbortController();
    if (record.cancelled) abort.abort(cancellation());
    driving = drive(record, abort).finally(() => {
      driving = undefined;
      abort = undefined;
    });
    return driving;
  }

  async function settle(record: RunRecord): Promise<void> {
    if (!record.told && record.state !== "running" && record.state !== "expired") {
      log.tidy();
      catchUp();
      const { state: status, finishedAt } = record;
      try {
        await options.tellEnded({
          id,
          status,
          finishedAt: finishedAt ?? now(),
          prUrl: reached.facts().pr_url,
        });
      } catch (error) {
        options.report(error, `telling the directory of run ${id}`);
        alarm(now() + TELL_AGAIN_MS);
        return;
      }
      log.update({ told: true });
    }
    const expiresAt = record.expiresAt ?? now();
    if (now() < expiresAt) alarm(expiresAt);
    else {
      log.expire();
      // So that its caller is told "expired", and not "unknown", for as long again.
      alarm(now() + options.retentionMs);
    }
  }

  return {
    busy: () => driving !== undefined || readers.count > 0,

    start({ caller, request, credentials }) {
      const known = own(caller);
      if (known !== undefined) return view(known);
      if (log.record() !== undefined) throw new Error("a run was started under an id that is taken");
      const story = options.storyFor(credentials);
      const kept = { ...request, prompt: story.redactor.redact(request.prompt) };
      const at = now();
      const events = story.introduction(kept, id).map((event, index) => ({
        seq: index + 1,
        time: iso(at),
        ...story.redactor.redact(event),
      }));
      log.create({ caller, request: kept, credentials, createdAt: at }, events);
      alarm(at);
      const record = own(caller);
      if (record === undefined) throw new Error("the run was not stored");
      return view(record);
    },

    view(caller) {
      const record = own(caller);
      return record === undefined ? undefined : view(record);
    },

    events(caller, after) {
      const record = own(caller);
      if (record === undefined) return undefined;
      if (after > record.lastSeq) {
        throw new ServiceError(
          "invalid_request",
          `The run has ${record.lastSeq} events so far, so none comes after ${after}. Send the id of the last event you have.`,
        );
      }
      if (after === record.lastSeq && record.state !== "running") return { ended: true };
      if (readers.count >= MOST_READERS) {
        throw new ServiceError(
          "too_many_requests",
          `The run has ${MOST_READERS} readers already. Try again when some have gone.`,
          { retryAt: now() + 15_000 },
        );
      }
      return { body: readers.open(after) };
    },

    patch(caller) {
      const record = own(caller);
      if (record === undefined) return undefined;
      const patch = log.patch();
      if (patch === undefined && record.state === "running") {
        throw new ServiceError("run_in_progress", "The run is still going, and has no patch yet.", {
          retryable: true,
        });
      }
      return patch ?? "";
    },

    async cancel(caller) {
      const record = own(caller);
      if (record === undefined) return undefined;
      if (record.state === "running") {
        log.update({ cancelled: true });
        abort?.abort(cancellation());
        await (driving ?? startDriving({ ...record, cancelled: true }));
        // What comes after the end need not keep the caller waiting.
        alarm(now());
      }
      const now_ = own(caller);
      return now_ === undefined ? undefined : view(now_);
    },

    continuation(caller) {
      const record = own(caller);
      if (record === undefined) return undefined;
      if (record.state === "running") {
        throw new ServiceError(
          "run_in_progress",
          "The run is still going. Send the next instruction when it has ended.",
          { retryable: true },
        );
      }
      const continues = log.checkpoint()?.continues;
      if (continues === undefined) {
        throw new ServiceError(
          "run_without_branch",
          "The run left no branch to go on with. Start a new run with POST /code.",
        );
      }
      return { ...record.request, continues };
    },

    async wake() {
      const record = log.record();
      if (record === undefined) return;
      if (record.state === "expired") {
        const due = (record.expiresAt ?? 0) + options.retentionMs;
        if (now() < due) alarm(due);
        else {
          log.forget();
          options.onForgotten?.();
        }
        return;
      }
      if (record.state !== "running") return settle(record);
      if (driving === undefined && record.resumesAt !== null && now() < record.resumesAt) {
        alarm(record.resumesAt);
        return;
      }
      await withinSlice(driving ?? startDriving(record));
      const after = log.record();
      if (after === undefined) return;
      if (after.state === "running") alarm(driving === undefined ? (after.resumesAt ?? now()) : now() + 1);
      else await settle(after);
    },
  };

  /** Waits for the work, or until the slice is over; the work goes on. */
  async function withinSlice(work: Promise<void>): Promise<void> {
    const over = Promise.withResolvers<void>();
    const stopTimer = startTimer(over.resolve, SLICE_MS);
    await Promise.race([work, over.promise]).finally(stopTimer);
  }
}

const RESUMED: RunEvent = {
  type: "warning",
  code: "resumed",
  message:
    "The run was interrupted and goes on from its last checkpoint; what it was in the middle of is done again.",
};

function cancellation(): DOMException {
  return new DOMException("The run was cancelled.", "AbortError");
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
