/** One run in its host: started once, driven by an alarm until it has ended, read by anybody who may, then deleted. */
import { ServiceError } from "../../errors.ts";
import type { Redactor } from "../../redact.ts";
import type { RunView } from "../host.ts";
import type { RunRequest } from "../request.ts";
import type { EventStream, RunStart } from "./cell.ts";
import { createDriver, nextAttemptAt } from "./driver.ts";
import { createReaders, type Frames, MOST_READERS } from "./readers.ts";
import { createRecorder } from "./recorder.ts";
import { createRunLog } from "./run-log.ts";
import type { ModelKeys, RunRecord } from "./run-record.ts";
import type { Sql } from "./sql.ts";
import type { StoryFor } from "./story.ts";
import { isoTime, viewOf } from "./view.ts";

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
  /** Tells the directory that the run is there; may fail, and is tried again. */
  readonly tellStarted: (id: string) => Promise<void>;
  /** Tells the directory of the end; may fail, and is tried again. */
  readonly tellEnded: (ended: Ended) => Promise<void>;
  /** Tells the directory that the log has been deleted; may fail, and is tried again. */
  readonly tellExpired: (id: string) => Promise<void>;
  /** Told when the last trace of the run has been deleted. */
  readonly onForgotten?: () => void;
  /** Told when the last reader has gone and nothing is being done. */
  readonly onIdle?: () => void;
  /** Told about defects; not redacted. */
  readonly report: (error: unknown, where: string) => void;
}

/** See RunHost in host.ts: these are its answers for one run. */
export interface HostedRun {
  start(run: RunStart): RunView;
  view(caller: string): RunView | undefined;
  events(caller: string, after: number): EventStream | undefined;
  patch(caller: string): string | undefined;
  cancel(caller: string): Promise<RunView | undefined>;
  continuation(caller: string): RunRequest | undefined;
  /** Does what is due: drives the run, or tells of its end, or deletes it. Never lasts over SLICE_MS. */
  wake(): Promise<void>;
  /** True while something in memory is of use: the run is being driven, has readers, or holds keys that are nowhere else. */
  busy(): boolean;
}

/** An alarm may take 15 minutes on Cloudflare; a longer run goes on under the next alarm. */
const SLICE_MS = 10 * 60_000;
const TELL_AGAIN_MS = 5_000;
const READERS_AGAIN_MS = 15_000;

export function createHostedRun(options: HostedRunOptions): HostedRun {
  const { id, now, startTimer } = options;
  const log = createRunLog(options.sql, id);
  const readers = createReaders({
    frames: options.frames,
    startTimer,
    read: log.read,
    head: () => {
      const record = log.record();
      return { seq: record?.lastSeq ?? 0, last: record?.state !== "running" };
    },
    onIdle: () => {
      if (!busy()) options.onIdle?.();
    },
  });
  const recorder = createRecorder({ log, now, onAdded: readers.added });
  // The caller's own, until the run ends or this process does.
  let modelKeys: ModelKeys | undefined;
  const driver = createDriver({
    ...options,
    log,
    recorder,
    storyFor: (credentials) => options.storyFor(credentials, modelKeys ?? {}),
  });

  function busy(): boolean {
    return driver.current() !== undefined || readers.count > 0 || modelKeys !== undefined;
  }

  function own(caller: string): RunRecord | undefined {
    const record = log.record();
    if (record?.caller !== caller) return undefined;
    if (record.state === "expired") {
      const when = isoTime(record.expiresAt ?? now());
      throw new ServiceError(
        "run_expired",
        `The run and its log were deleted on ${when}, as all are in time.`,
      );
    }
    return record;
  }

  function ownView(caller: string): RunView | undefined {
    const record = own(caller);
    return record === undefined ? undefined : viewOf(id, record, recorder);
  }

  function alarm(at: number): void {
    log.update({ wakeAt: at });
    options.setAlarm(at);
  }

  /** Keeps nobody waiting. */
  function announce(record: RunRecord): void {
    if (record.announced) return;
    options.tellStarted(id).then(
      () => log.update({ announced: true }),
      (error: unknown) => options.report(error, `telling the directory of run ${id}`),
    );
  }

  /** True when the directory knows now; else it is told again in a while. */
  async function told(telling: () => Promise<void>): Promise<boolean> {
    try {
      await telling();
    } catch (error) {
      options.report(error, `telling the directory of run ${id}`);
      alarm(now() + TELL_AGAIN_MS);
      return false;
    }
    log.update({ told: true });
    return true;
  }

  /** What is due after the end: the directory is told, and in time the log deleted. */
  async function settle(record: RunRecord): Promise<void> {
    const { state: status, finishedAt } = record;
    modelKeys = undefined;
    if (!record.told && status !== "running" && status !== "expired") {
      log.tidy();
      const ended = { id, status, finishedAt: finishedAt ?? now(), prUrl: recorder.facts().pr_url };
      if (!(await told(() => options.tellEnded(ended)))) return;
    }
    const expiresAt = record.expiresAt ?? now();
    if (now() < expiresAt) alarm(expiresAt);
    else {
      log.expire();
      await fade(expiresAt, false);
    }
  }

  /** What is due once the log is deleted. Its caller is told "expired", and not "unknown", for as long again. */
  async function fade(expiredAt: number, known: boolean): Promise<void> {
    const due = expiredAt + options.retentionMs;
    if (!known && !(await told(() => options.tellExpired(id)))) return;
    if (now() < due) alarm(due);
    else {
      log.forget();
      options.onForgotten?.();
    }
  }

  /** Waits for the work, or until the slice is over; the work goes on. */
  async function withinSlice(work: Promise<void>): Promise<void> {
    const over = Promise.withResolvers<void>();
    const stopTimer = startTimer(over.resolve, SLICE_MS);
    await Promise.race([work, over.promise]).finally(stopTimer);
  }

  return {
    busy,

    start({ caller, request, credentials, modelKeys: keys }) {
      const known = ownView(caller);
      if (known !== undefined) return known;
      if (log.record() !== undefined) throw new Error("a run was started under an id that is taken");
      const story = options.storyFor(credentials, keys ?? {});
      const kept = withoutSecrets(request, story.redactor);
      const at = now();
      const events = story.introduction(kept, id).map((event, index) => ({
        seq: index + 1,
        time: isoTime(at),
        ...story.redactor.redact(event),
      }));
      log.create({ caller, request: kept, credentials, createdAt: at }, events);
      modelKeys = keys;
      alarm(at);
      const view = ownView(caller);
      if (view === undefined) throw new Error("the run was not stored");
      return view;
    },

    view: ownView,

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
          { retryAt: now() + READERS_AGAIN_MS },
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
      if (record?.state === "running") {
        log.update({ cancelled: true });
        driver.cancel();
        await (driver.current() ?? driver.begin({ ...record, cancelled: true }));
        // What comes after the end need not keep the caller waiting.
        alarm(now());
      }
      return ownView(caller);
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
      // A run that added nothing to an earlier one's branch left that branch as it was.
      const before = record.request.continues;
      const continues =
        log.checkpoint()?.continues ?? (before === undefined ? undefined : { ...before, run_id: id });
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
      if (record.state === "expired") return fade(record.expiresAt ?? 0, record.told);
      if (record.state !== "running") return settle(record);
      const due = nextAttemptAt(record);
      if (driver.current() === undefined && now() < due && !record.cancelled) {
        alarm(due);
        return;
      }
      announce(record);
      await withinSlice(driver.current() ?? driver.begin(record));
      const after = log.record();
      if (after === undefined) return;
      if (after.state !== "running") await settle(after);
      else alarm(driver.current() === undefined ? (after.resumesAt ?? now()) : now() + 1);
    },
  };
}

/** A request as it is kept. What only looks like a token is taken out of the prompt; elsewhere it may be a name. */
function withoutSecrets(request: RunRequest, redactor: Redactor): RunRequest {
  const apart = <T>(value: T): T =>
    redactor.holds(JSON.stringify(value) ?? "") ? redactor.redact(value) : value;
  const kept = Object.entries(request).map(([name, value]) => [name, apart(value)]);
  return { ...(Object.fromEntries(kept) as RunRequest), prompt: redactor.redact(request.prompt) };
}
