/** A run host in memory whose runs do what a test says; small, and true to the port. */
import { ServiceError } from "../../src/errors.ts";
import { encodeFrame, RETRY_FRAME } from "../../src/http/sse.ts";
import type { DoneEvent, RecordedEvent } from "../../src/run/events.ts";
import type { RunHost, RunView, StartInput } from "../../src/run/host.ts";
import type { RunRequest } from "../../src/run/request.ts";
import { changeRuntimeConfig, type RuntimeConfig } from "../../src/run/runtime-config.ts";
import { DONE } from "./ending.ts";

export const TIME = "2026-11-01T12:00:00.000Z";

export interface MemoryRun {
  readonly id: string;
  readonly input: StartInput;
  readonly request: RunRequest;
  readonly events: RecordedEvent[];
  /** What the run changed; may be set by a test. */
  patch: string;
  /** Past its retention. */
  expired: boolean;
}

export interface MemoryHost extends RunHost {
  /** In the order they were started. */
  readonly runs: readonly MemoryRun[];
  /** Every operation that was asked for, `view 0000…`. */
  readonly asked: readonly string[];
  /** Streams that were handed out and neither read to their end nor cancelled. */
  readonly open: () => number;
}

export interface MemoryHostOptions {
  /** The events of a run; one that does not end with `done` goes on until it is cancelled. */
  readonly script?: (request: RunRequest) => readonly RecordedEvent[];
}

/** The id of the nth run, from 1. */
export function runIdOf(n: number): string {
  return `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
}

export function createMemoryHost({ script = nothingToDo }: MemoryHostOptions = {}): MemoryHost {
  const runs: MemoryRun[] = [];
  const asked: string[] = [];
  let config: RuntimeConfig = {};
  let open = 0;

  const find = (operation: string, id: string, caller: string): MemoryRun | undefined => {
    asked.push(`${operation} ${id}`);
    const run = runs.find((candidate) => candidate.id === id && candidate.input.caller === caller);
    if (run?.expired) throw new ServiceError("run_expired", "The run is past its retention.");
    return run;
  };

  /** Frames as a host makes them; a run that goes on keeps its readers waiting. */
  const stream = (run: MemoryRun, after: number): ReadableStream<Uint8Array> => {
    const frames = [
      RETRY_FRAME,
      ...run.events
        .filter(({ seq }) => seq > after)
        .map((event) => encodeFrame(event.seq, JSON.stringify(event))),
    ];
    open += 1;
    return new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          const frame = frames.shift();
          if (frame !== undefined) controller.enqueue(new TextEncoder().encode(frame));
          else if (ending(run) !== undefined) {
            open -= 1;
            controller.close();
          } else await new Promise(() => {});
        },
        cancel() {
          open -= 1;
        },
      },
      { highWaterMark: 0 },
    );
  };

  return {
    runs,
    asked,
    open: () => open,
    async start(input) {
      const key = input.idempotency?.key;
      const earlier = runs.find(
        ({ input: { caller, idempotency } }) =>
          key !== undefined && caller === input.caller && idempotency?.key === key,
      );
      if (earlier && earlier.input.idempotency?.fingerprint !== input.idempotency?.fingerprint) {
        throw new ServiceError("idempotency_key_reused", "The key was used for another request.");
      }
      const run = earlier ?? create(input);
      const started = { id: run.id, created: run !== earlier };
      return input.wants === "view" ? { ...started, view: view(run) } : { ...started, body: stream(run, 0) };
    },
    async view(id, caller) {
      const run = find("view", id, caller);
      return run && view(run);
    },
    async events(id, caller, after) {
      const run = find("events", id, caller);
      if (run === undefined) return undefined;
      const last = run.events.length;
      if (after > last) throw new ServiceError("invalid_request", `The run's last event is ${last}.`);
      return after === last && ending(run) ? { ended: true } : { body: stream(run, after) };
    },
    async patch(id, caller) {
      return find("patch", id, caller)?.patch;
    },
    async cancel(id, caller) {
      const run = find("cancel", id, caller);
      if (run && !ending(run)) {
        const seq = run.events.length + 1;
        run.events.push({ seq, time: TIME, ...DONE, status: "cancelled", message: "The run was cancelled." });
      }
      return run && view(run);
    },
    async continuation(id, caller) {
      const run = find("continuation", id, caller);
      if (run === undefined) return undefined;
      if (!ending(run)) throw new ServiceError("run_in_progress", "The run has not ended.");
      const head = run.request.repo;
      return { ...run.request, continues: { run_id: id, head, branch: "topic", base_branch: "main" } };
    },
    async list(caller, { limit, cursor }) {
      const all = runs.filter(({ input }) => input.caller === caller).toReversed();
      const from = Number(cursor ?? 0);
      return {
        runs: all.slice(from, from + limit).map((run) => {
          const { id, status, repository, prompt, created_at, finished_at, pr_url } = view(run);
          return { id, status, repository, prompt, created_at, finished_at, pr_url };
        }),
        next_cursor: from + limit < all.length ? String(from + limit) : null,
      };
    },
    readConfig: async () => config,
    async changeConfig(change) {
      config = changeRuntimeConfig(config, change);
      return config;
    },
  };

  function create(input: StartInput): MemoryRun {
    const request = input.prepare(config);
    const run = {
      id: runIdOf(runs.length + 1),
      input,
      request,
      events: [...script(request)],
      patch: "",
      expired: false,
    };
    runs.push(run);
    return run;
  }
}

function nothingToDo(): RecordedEvent[] {
  return [{ seq: 1, time: TIME, ...DONE }];
}

function ending(run: MemoryRun): DoneEvent | undefined {
  const last = run.events.at(-1);
  return last?.type === "done" ? last : undefined;
}

function view({ id, request, events }: MemoryRun): RunView {
  const done = events.find((event) => event.type === "done");
  const { status, message, branch, commit, pr_url, changes, usage, agent } = done ?? DONE;
  return {
    id,
    status: done === undefined ? "running" : status,
    message,
    repository: `${request.repo.owner}/${request.repo.name}`,
    prompt: request.prompt,
    mode: request.mode,
    agent,
    created_at: TIME,
    finished_at: done === undefined ? null : TIME,
    expires_at: null,
    resumes_at: null,
    attempts: 1,
    last_event_id: events.length,
    branch,
    commit,
    pr_url,
    changes,
    usage,
    continues: request.continues?.run_id ?? null,
  };
}
