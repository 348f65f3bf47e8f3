/** The record of a run: numbered, stamped, redacted, and always ended by one `done`. */
import { describe, expect, it } from "vitest";
import { ServiceError } from "../../src/errors.ts";
import { createRedactor } from "../../src/redact.ts";
import { type RecordedEvent, type RunEvent, recordedEventSchema } from "../../src/run/events.ts";
import { type RecordOptions, record } from "../../src/run/record.ts";
import { collect } from "../support/collect.ts";
import { DONE, NOW, TIME } from "../support/test-app.ts";

const SECRET = "canary-secret-0123456789";

const PROGRESS: RunEvent = { type: "progress", message: "Cloning.", step: "clone" };
const FAILED = "The service failed in a way it should not; the operator's log says how.";

async function recorded(
  events: () => AsyncGenerator<RunEvent>,
  options: Partial<RecordOptions> = {},
): Promise<RecordedEvent[]> {
  const seen = await collect(
    record(events(), { now: () => NOW, redactor: createRedactor([SECRET]), ...options }),
  );
  for (const event of seen) expect(recordedEventSchema.parse(event)).toEqual(event);
  return seen;
}

/** Events as the record numbers them. */
function numbered(...events: RunEvent[]): RecordedEvent[] {
  return events.map((event, index) => ({ seq: index + 1, time: TIME, ...event }));
}

/** A run that yields one event and then throws. */
function failing(error: unknown) {
  return async function* (): AsyncGenerator<RunEvent> {
    yield PROGRESS;
    throw error;
  };
}

describe("record", () => {
  it("numbers from 1 without gaps, and stamps each event when it happens", async () => {
    let time = NOW;
    const seen = await recorded(
      async function* () {
        yield PROGRESS;
        yield { type: "success", message: "Cloned.", step: "clone", result: { files: 3 }, duration_ms: 12 };
        yield DONE;
      },
      { now: () => (time += 1_500) },
    );
    expect(seen.map(({ seq, time: at, type }) => [seq, at, type])).toEqual([
      [1, "2026-11-01T12:00:01.500Z", "progress"],
      [2, "2026-11-01T12:00:03.000Z", "success"],
      [3, "2026-11-01T12:00:04.500Z", "done"],
    ]);
  });

  it("ends at the first done, and lets the run clean up", async () => {
    let cleaned = false;
    const seen = await recorded(async function* () {
      try {
        yield DONE;
        yield PROGRESS;
        yield DONE;
      } finally {
        cleaned = true;
      }
    });
    expect([seen, cleaned]).toEqual([numbered(DONE), true]);
  });

  it("turns an error meant for users into an error event and a failed end", async () => {
    const error = new ServiceError("repository_not_found", `No such repository: ${SECRET}.`, {
      retryable: true,
    });
    const defects: unknown[] = [];
    const message = "No such repository: [redacted].";
    expect(await recorded(failing(error), { onDefect: (defect) => defects.push(defect) })).toEqual(
      numbered(
        PROGRESS,
        { type: "error", code: "repository_not_found", message, retryable: true },
        { ...DONE, status: "failed", message },
      ),
    );
    expect(defects).toEqual([]);
  });

  it("keeps any other error to itself and tells the operator", async () => {
    const error = new TypeError(`x is not a function at ${SECRET}`);
    const defects: unknown[] = [];
    expect(await recorded(failing(error), { onDefect: (defect) => defects.push(defect) })).toEqual(
      numbered(
        PROGRESS,
        { type: "error", code: "internal", message: FAILED, retryable: false },
        { ...DONE, status: "failed", message: FAILED },
      ),
    );
    expect(defects).toEqual([error]);
  });

  it("counts a run without an end as a defect", async () => {
    const defects: unknown[] = [];
    const seen = await recorded(
      async function* () {
        yield PROGRESS;
      },
      { onDefect: (defect) => defects.push(defect) },
    );
    expect(seen.map((event) => event.type)).toEqual(["progress", "error", "done"]);
    expect(defects).toEqual([new Error("the run ended without a done event")]);
  });

  it("calls an abort a cancellation, whatever the aborted work throws", async () => {
    const abort = new AbortController();
    abort.abort();
    const cancelled: RunEvent = { ...DONE, status: "cancelled", message: "The run was cancelled." };
    const defects: unknown[] = [];
    expect(await recorded(failing(abort.signal.reason))).toEqual(numbered(PROGRESS, cancelled));
    expect(
      await recorded(failing(new Error("socket closed")), {
        signal: abort.signal,
        onDefect: (defect) => defects.push(defect),
      }),
    ).toEqual(numbered(PROGRESS, cancelled));
    expect(defects).toEqual([]);
  });

  it("calls a time-out that escaped the run a limit", async () => {
    const message = "The run took longer than it may.";
    expect(await recorded(failing(new DOMException("slow", "TimeoutError")))).toEqual(
      numbered(
        PROGRESS,
        { type: "error", code: "timeout", message, retryable: true },
        { ...DONE, status: "limit_reached", message },
      ),
    );
  });

  it("keeps in the end what the run had reached", async () => {
    const usage = { input_tokens: 10, output_tokens: 5, cached_tokens: 0, cost_usd: 0.01, turns: 2 };
    const change = { path: "a.ts", kind: "added", additions: 3, deletions: 0 } as const;
    const seen = await recorded(async function* () {
      yield { type: "info", message: "Starting.", agent: "openai" };
      yield { type: "change", message: "Added a.ts.", ...change };
      yield { type: "usage", message: "2 turns.", ...usage };
      yield {
        type: "success",
        message: "Committed.",
        step: "commit",
        result: { commit: "c0ffee" },
        duration_ms: 1,
      };
      yield {
        type: "success",
        message: "Pushed.",
        step: "push",
        result: { branch: "tiny/fix" },
        duration_ms: 1,
      };
      throw new ServiceError("forge_rejected", "GitHub refused the pull request.");
    });
    expect(seen.at(-1)).toEqual({
      seq: 7,
      time: TIME,
      type: "done",
      status: "failed",
      message: "GitHub refused the pull request.",
      pr_url: null,
      branch: "tiny/fix",
      commit: "c0ffee",
      changes: [change],
      agent: "openai",
      usage,
    });
  });

  it("redacts every event, also text cut in the middle of a secret", async () => {
    const seen = await recorded(async function* () {
      yield { type: "info", message: `Using ${SECRET}.`, request: { [SECRET]: [btoa(SECRET)] } };
      yield { type: "text", message: "The model writes.", delta: `It is ${SECRET.slice(0, 9)}` };
      yield { type: "text", message: "The model writes.", delta: SECRET.slice(9) };
      yield { type: "text", message: "The model writes.", delta: " they say, canary" };
      yield DONE;
    });
    expect(seen).toEqual(
      numbered(
        { type: "info", message: "Using [redacted].", request: { "[redacted]": ["[redacted]"] } },
        { type: "text", message: "The model writes.", delta: "It is " },
        { type: "text", message: "The model writes.", delta: "[redacted] they say, " },
        { type: "text", message: "The model writes.", delta: "canary" },
        DONE,
      ),
    );
  });

  it("closes the run when its reader leaves", async () => {
    let cleaned = false;
    const events = record(
      (async function* (): AsyncGenerator<RunEvent> {
        try {
          yield PROGRESS;
          yield DONE;
        } finally {
          cleaned = true;
        }
      })(),
      { now: () => NOW, redactor: createRedactor([]) },
    );
    await events.next();
    await events.return(undefined);
    expect(cleaned).toBe(true);
  });
});
