/** A run in its host: what it says is kept, whatever happens to the process. */
import { afterEach, describe, expect, test } from "vitest";
import { ServiceError } from "../../../src/errors.ts";
import type { CheckpointMark, RunOutput } from "../../../src/run/checkpoint.ts";
import type { RecordedEvent, RunEvent } from "../../../src/run/events.ts";
import { CALLER, DONE, type Hosted, hosted, RETENTION_MS, type Script } from "../../support/hosted.ts";

let host: Hosted;

afterEach(() => host.close());

function started(script: Script, options?: Parameters<typeof hosted>[1]): Hosted {
  host = hosted(script, options);
  host.start();
  return host;
}

const say = (message: string): RunEvent => ({ type: "progress", step: "edit", message });

function mark(story: unknown, more: Partial<CheckpointMark> = {}): CheckpointMark {
  return { type: "checkpoint", checkpoint: { version: 1, story }, edits: [], ...more };
}

/** What people see of events. */
const messages = (events: readonly RecordedEvent[]): string[] =>
  events.map(({ seq, message }) => `${seq} ${message}`);

/** Never settles: what a process is in the middle of when it dies. */
const forever = new Promise<never>(() => {});

/** Runs what is due, and gives work that waits for nothing the time it takes. */
async function wake(): Promise<void> {
  await host.run().wake();
}

/** Lets everything that needs no timer and no test happen. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

test("a run is recorded from its introduction to its end, and only then told of", async () => {
  started(async function* () {
    yield say("working");
    yield { ...DONE, pr_url: "https://github.com/octo/cat/pull/1" };
  });
  expect(host.run().view(CALLER)).toMatchObject({ status: "running", message: "Hello.", last_event_id: 1 });
  expect(host.alarm()).toBe(host.clock);
  await wake();
  expect(host.events()).toMatchObject([
    { seq: 1, time: "2026-11-01T00:00:00.000Z", type: "info", message: "Hello." },
    { seq: 2, type: "progress", message: "working" },
    { seq: 3, type: "done", message: "Done." },
  ]);
  expect(host.told).toEqual([
    {
      id: "the-run",
      status: "succeeded",
      finishedAt: host.clock,
      prUrl: "https://github.com/octo/cat/pull/1",
    },
  ]);
  expect(host.run().view(CALLER)).toMatchObject({
    status: "succeeded",
    message: "Done.",
    attempts: 1,
    finished_at: "2026-11-01T00:00:00.000Z",
    expires_at: "2026-11-01T00:00:01.000Z",
    pr_url: "https://github.com/octo/cat/pull/1",
  });
});

test("starting a run again leaves it as it is", async () => {
  let runs = 0;
  started(async function* () {
    runs += 1;
    yield DONE;
  });
  host.start();
  await wake();
  host.start();
  await wake();
  expect(runs).toBe(1);
  expect(host.events()).toHaveLength(2);
});

test("a run that outlasts an alarm goes on under the next one, undivided", async () => {
  let lives = 0;
  const gate = Promise.withResolvers<void>();
  started(async function* () {
    lives += 1;
    yield say("at length");
    await gate.promise;
    yield DONE;
  });
  const first = host.run().wake();
  await settled();
  host.timers.fire(600_000);
  await first;
  expect(host.alarm()).toBe(host.clock + 1);
  expect(host.run().busy()).toBe(true);
  const second = host.run().wake();
  gate.resolve();
  await second;
  expect(lives).toBe(1);
  expect(messages(host.events())).toEqual(["1 Hello.", "2 at length", "3 Done."]);
  expect(host.run().view(CALLER)).toMatchObject({ status: "succeeded", attempts: 1 });
});

describe("a process that dies", () => {
  const EDIT = {
    path: "a.txt",
    file: { mode: "100644", content: { bytes: new Uint8Array([1, 2]) } },
  } as const;

  /** Three steps with a checkpoint each; `dieAt` outputs in, the process is gone. */
  function steps(lives: number[], seen: unknown[]): Script {
    return async function* ({ resume }) {
      let left = lives.shift() ?? Number.POSITIVE_INFINITY;
      const die = async () => {
        if (left-- <= 0) await forever;
      };
      seen.push(resume?.checkpoint.story);
      const done = Number(resume?.checkpoint.story ?? 0);
      for (let step = done + 1; step <= 3; step += 1) {
        const outputs: RunOutput[] = [
          say(`${step} starts`),
          say(`${step} goes on`),
          mark(step, step === 2 ? { edits: [EDIT] } : {}),
          say(`${step} is done`),
        ];
        for (const output of outputs) {
          await die();
          yield output;
        }
      }
      await die();
      yield DONE;
    };
  }

  const UNDISTURBED = [
    "1 Hello.",
    "2 1 starts",
    "3 1 goes on",
    "4 1 is done",
    "5 2 starts",
    "6 2 goes on",
    "7 2 is done",
    "8 3 starts",
    "9 3 goes on",
    "10 3 is done",
    "11 Done.",
  ];

  test.each(Array.from({ length: 13 }, (_, at) => at))(
    "after %i outputs goes on from its checkpoint, and nothing is lost or said twice",
    async (at) => {
      const seen: unknown[] = [];
      started(steps([at], seen));
      void host.run().wake();
      await settled();
      const before = host.events();
      host.die();
      await wake();
      expect(messages(host.events())).toEqual(UNDISTURBED);
      expect(host.events().slice(0, before.length)).toEqual(before);
      expect(host.announced).toEqual(["started"]);
      expect(seen).toEqual([undefined, at >= 4 ? Math.floor(at / 4) : undefined]);
      expect(host.run().view(CALLER)).toMatchObject({ status: "succeeded", attempts: 2 });
    },
  );

  test("again and again still gets there", async () => {
    const seen: unknown[] = [];
    started(steps([2, 3, 0, 2, 1, 4, 0], seen));
    for (let life = 0; life < 7; life += 1) {
      void host.run().wake();
      await settled();
      host.die();
    }
    await wake();
    expect(messages(host.events())).toEqual(UNDISTURBED);
    expect(host.run().view(CALLER)?.attempts).toBe(8);
  });

  test("gets its edits back as they were at the checkpoint", async () => {
    const edits: unknown[] = [];
    started(async function* ({ resume }) {
      edits.push(resume?.edits);
      if (resume === undefined) {
        const big = new Uint8Array(2_500_000).map((_, index) => index);
        yield mark(1, {
          edits: [
            { path: "big", file: { mode: "100755", content: { bytes: big } } },
            { path: "empty", file: { mode: "100644", content: { bytes: new Uint8Array() } } },
            { path: "moved \ud800", file: { mode: "100644", content: { oid: "a".repeat(40) } } },
            { path: "gone", file: "deleted" },
            { path: "back", file: "deleted" },
          ],
        });
        yield say("edited");
        yield mark(2, { edits: [{ path: "back", file: null }] });
        yield say("edited more");
        await forever;
      }
      yield DONE;
    });
    void host.run().wake();
    await settled();
    host.die();
    await wake();
    expect(edits[1]).toEqual([
      {
        path: "big",
        file: { mode: "100755", content: { bytes: new Uint8Array(2_500_000).map((_, i) => i) } },
      },
      { path: "empty", file: { mode: "100644", content: { bytes: new Uint8Array() } } },
      { path: "gone", file: "deleted" },
      { path: "moved \ud800", file: { mode: "100644", content: { oid: "a".repeat(40) } } },
    ]);
  });

  test("and then says something else says that it was interrupted", async () => {
    let life = 0;
    started(async function* () {
      life += 1;
      yield say("the same");
      yield say(`life ${life}`);
      if (life === 1) await forever;
      yield DONE;
    });
    void host.run().wake();
    await settled();
    host.die();
    await wake();
    expect(host.events().map(({ message }) => message)).toEqual([
      "Hello.",
      "the same",
      "life 1",
      expect.stringContaining("interrupted"),
      "life 2",
      "Done.",
    ]);
    expect(host.events()[3]).toMatchObject({ type: "warning", code: "resumed" });
  });

  test("each time before anything is added is given more and more time, and then up", async () => {
    let lives = 0;
    started(async function* () {
      lives += 1;
      await forever;
      yield DONE;
    });
    const rests: number[] = [];
    while (lives < 10) {
      const before = lives;
      void host.run().wake();
      await settled();
      host.die();
      if (lives > before) continue;
      const due = host.alarm() ?? 0;
      rests.push(due - host.clock);
      host.clock = due;
    }
    expect(rests).toEqual([2_000, 4_000, 8_000, 16_000, 32_000]);
    host.clock += 64_000;
    await wake();
    expect(lives).toBe(10);
    expect(host.events().slice(1)).toMatchObject([
      { type: "error", code: "internal", retryable: true, message: expect.stringContaining("10 times") },
      { type: "done", status: "failed" },
    ]);
    expect(host.reports).toHaveLength(1);
  });

  test("keeps a checkpoint that comes with an event said before", async () => {
    const seen: unknown[] = [];
    started(async function* ({ resume }) {
      seen.push(resume?.checkpoint.story);
      if (seen.length === 2) yield mark("reached");
      if (seen.length < 3) yield say("the same");
      if (seen.length < 3) await forever;
      yield DONE;
    });
    for (let life = 0; life < 2; life += 1) {
      void host.run().wake();
      await settled();
      host.die();
    }
    await wake();
    expect(seen).toEqual([undefined, undefined, "reached"]);
    expect(messages(host.events())).toEqual(["1 Hello.", "2 the same", "3 Done."]);
  });

  test("counts the time it worked", async () => {
    const active: unknown[] = [];
    started(async function* ({ activeMs }) {
      active.push(activeMs);
      host.clock += 700;
      yield say("worked");
      if (active.length === 1) await forever;
      yield DONE;
    });
    void host.run().wake();
    await settled();
    host.die();
    host.clock += 1_000_000;
    await wake();
    expect(active).toEqual([0, 700]);
  });
});

describe("a rate limit", () => {
  test("suspends the run until its time, and not a moment less", async () => {
    let lives = 0;
    const allowances: unknown[] = [];
    started(async function* ({ maxSuspendMs }) {
      lives += 1;
      allowances.push(maxSuspendMs);
      yield say("trying");
      if (lives === 1) {
        yield { type: "warning", code: "waiting", message: "Waiting." };
        yield { type: "suspend", until: host.clock + 60_000 };
      }
      yield DONE;
    });
    await wake();
    const until = host.clock + 60_000;
    expect(host.alarm()).toBe(until);
    expect(host.run().view(CALLER)).toMatchObject({
      status: "running",
      resumes_at: "2026-11-01T00:01:00.000Z",
    });
    host.die();
    host.clock = until - 1;
    await wake();
    expect(lives).toBe(1);
    expect(host.alarm()).toBe(until);
    host.clock = until;
    await wake();
    expect(messages(host.events())).toEqual(["1 Hello.", "2 trying", "3 Waiting.", "4 Done."]);
    expect(host.run().view(CALLER)).toMatchObject({ status: "succeeded", resumes_at: null });
    expect(allowances).toEqual([7_200_000, 7_140_000]);
  });

  test("does not keep a run from being cancelled", async () => {
    started(async function* ({ signal }) {
      if (signal.aborted) yield { ...DONE, status: "cancelled", message: "Cancelled." };
      yield { type: "suspend", until: host.clock + 60_000 };
    });
    await wake();
    expect(await host.run().cancel(CALLER)).toMatchObject({ status: "cancelled", resumes_at: null });
  });
});

describe("cancelling", () => {
  const abortable: Script = async function* ({ signal }) {
    yield say("working");
    const { promise, resolve } = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => resolve());
    await promise;
    yield { ...DONE, status: "cancelled", message: "Cancelled." };
  };

  test("ends a run at once, once, and the log stays", async () => {
    started(abortable);
    const driven = host.run().wake();
    await settled();
    const view = await host.run().cancel(CALLER);
    expect(view).toMatchObject({ status: "cancelled", message: "Cancelled.", last_event_id: 3 });
    expect(await host.run().cancel(CALLER)).toEqual(view);
    await driven;
    expect(messages(host.events())).toEqual(["1 Hello.", "2 working", "3 Cancelled."]);
    expect(host.told).toHaveLength(1);
  });

  test("before the first step needs no step", async () => {
    started(async function* ({ signal }) {
      expect(signal.aborted).toBe(true);
      yield { ...DONE, status: "cancelled", message: "Cancelled." };
    });
    expect(await host.run().cancel(CALLER)).toMatchObject({ status: "cancelled", last_event_id: 2 });
  });

  test("outlives the process that was asked", async () => {
    started(async function* ({ signal }) {
      if (!signal.aborted) yield say("working");
      if (!signal.aborted) await forever;
      yield { ...DONE, status: "cancelled", message: "Cancelled." };
    });
    void host.run().wake();
    await settled();
    void host.run().cancel(CALLER);
    host.die();
    await wake();
    expect(messages(host.events())).toEqual(["1 Hello.", "2 working", "3 Cancelled."]);
  });

  test("ends a run that does not listen, and takes nothing more from it", async () => {
    const release = Promise.withResolvers<void>();
    started(async function* () {
      yield say("deaf");
      await release.promise;
      yield say("too late");
      yield DONE;
    });
    const driven = host.run().wake();
    await settled();
    const cancelled = host.run().cancel(CALLER);
    await settled();
    host.timers.fire(5_000);
    expect(await cancelled).toMatchObject({ status: "cancelled" });
    release.resolve();
    await driven;
    await settled();
    expect(messages(host.events())).toEqual(["1 Hello.", "2 deaf", "3 The run was cancelled."]);
  });
});

describe("a story that fails", () => {
  test.each([
    [new ServiceError("network_error", "No way.", { retryable: true }), "network_error", "failed", 0],
    [new DOMException("late", "TimeoutError"), "timeout", "limit_reached", 0],
    [new TypeError("a defect with details"), "internal", "failed", 1],
  ])("with %o ends as data", async (failure, code, status, reports) => {
    started(async function* () {
      yield { type: "success", step: "push", message: "Pushed.", duration_ms: 1, result: { branch: "b" } };
      yield { type: "change", message: "c", path: "c", kind: "added", additions: 1, deletions: 0 };
      throw failure;
    });
    await wake();
    expect(host.events().slice(3)).toMatchObject([
      { type: "error", code },
      { type: "done", status, branch: "b", changes: [{ path: "c" }] },
    ]);
    expect(host.reports).toHaveLength(reports);
    expect(JSON.stringify(host.events())).not.toContain("details");
  });

  test("by never ending properly is a defect", async () => {
    started(async function* () {
      yield say("and then?");
    });
    await wake();
    expect(host.events().at(-1)).toMatchObject({ type: "done", status: "failed" });
    expect(host.reports).toHaveLength(1);
  });
});

describe("retention", () => {
  test("deletes the log in time, tells its caller alone for as long again, then forgets", async () => {
    started(async function* () {
      yield mark(1, { patch: "a patch" });
      yield DONE;
    });
    await wake();
    expect(host.alarm()).toBe(host.clock + RETENTION_MS);
    expect(host.run().patch(CALLER)).toBe("a patch");
    host.clock += RETENTION_MS;
    await wake();
    expect(() => host.run().view(CALLER)).toThrow(expect.objectContaining({ code: "run_expired" }));
    expect(() => host.run().patch(CALLER)).toThrow(expect.objectContaining({ code: "run_expired" }));
    expect(() => host.run().events(CALLER, 0)).toThrow(expect.objectContaining({ code: "run_expired" }));
    await expect(host.run().cancel(CALLER)).rejects.toMatchObject({ code: "run_expired" });
    expect(host.run().view("somebody else")).toBeUndefined();
    expect(host.events()).toEqual([]);
    expect(host.alarm()).toBe(host.clock + RETENTION_MS);
    host.clock += RETENTION_MS;
    await wake();
    expect(host.run().view(CALLER)).toBeUndefined();
    expect(host.tables()).toEqual([]);
  });

  test("starts when the directory knows of the end; telling it is tried again", async () => {
    let fails = 1;
    started(
      async function* () {
        yield DONE;
      },
      {
        tell: async () => {
          if (fails-- > 0) throw new Error("the directory is away");
        },
      },
    );
    await wake();
    expect(host.told).toEqual([]);
    expect(host.alarm()).toBe(host.clock + 5_000);
    host.clock += 5_000;
    host.die();
    await wake();
    expect(host.told).toHaveLength(1);
  });
});

test("somebody else's run looks like none", async () => {
  started(async function* () {
    yield DONE;
  });
  await wake();
  const run = host.run();
  expect(run.view("other")).toBeUndefined();
  expect(run.events("other", 0)).toBeUndefined();
  expect(run.patch("other")).toBeUndefined();
  expect(run.continuation("other")).toBeUndefined();
  expect(await run.cancel("other")).toBeUndefined();
});

test("another run can go on with a branch when there is one, and the run has ended", async () => {
  const continues = {
    run_id: "the-run",
    head: { owner: "o", name: "n" },
    branch: "b",
    base_branch: "main",
  };
  const gate = Promise.withResolvers<void>();
  started(async function* () {
    yield { ...mark({ large: "state" }), checkpoint: { version: 1, continues, story: { large: "state" } } };
    yield say("pushed");
    await gate.promise;
    yield DONE;
  });
  const driven = host.run().wake();
  await settled();
  expect(() => host.run().continuation(CALLER)).toThrow(expect.objectContaining({ code: "run_in_progress" }));
  expect(() => host.run().patch(CALLER)).toThrow(expect.objectContaining({ code: "run_in_progress" }));
  gate.resolve();
  await driven;
  expect(host.run().continuation(CALLER)).toMatchObject({ prompt: "Say hello", continues });
});

test("a run without a branch cannot be gone on with", async () => {
  started(async function* () {
    yield DONE;
  });
  await wake();
  expect(() => host.run().continuation(CALLER)).toThrow(
    expect.objectContaining({ code: "run_without_branch" }),
  );
});

test("secrets are in no event, also when cut in two by a checkpoint", async () => {
  const secret = "canary-of-the-service-0123456789";
  started(
    async function* () {
      const text = (delta: string): RunEvent => ({ type: "text", message: "says", delta });
      yield text(`a ${secret.slice(0, 12)}`);
      yield text(`${secret.slice(12)} b`);
      yield mark(1);
      yield say(`uses ${secret}`);
      yield DONE;
    },
    { secrets: [secret], introduction: [{ type: "info", message: `with ${secret}` }] },
  );
  await wake();
  expect(JSON.stringify(host.events())).not.toContain(secret.slice(0, 12));
  const words = host.events().map((event) => (event.type === "text" ? event.delta : ""));
  expect(words.join("")).toBe("a [redacted] b");
});

test("a patch that deletes a secret does not show it; another patch is kept to the byte", async () => {
  const secret = "canary-of-the-service-0123456789";
  const kept = async (patch: string): Promise<string | undefined> => {
    started(
      async function* () {
        yield mark(1, { patch });
        yield DONE;
      },
      { secrets: [secret] },
    );
    await wake();
    return host.run().patch(CALLER);
  };
  expect(await kept(`-key = ${secret}\n`)).toBe("-key = [redacted]\n");
  host.close();
  const lookalike = `-token = "ghp_${"a".repeat(36)}"\n`;
  expect(await kept(lookalike)).toBe(lookalike);
});

test("a log of thousands of events is seen whole by the next life", async () => {
  let life = 0;
  started(async function* () {
    life += 1;
    for (let n = 0; n < 2500; n += 1) {
      yield { type: "change", message: "c", path: `f${n}`, kind: "added", additions: 1, deletions: 0 };
    }
    if (life === 1) await forever;
    throw new ServiceError("network_error", "Gone.");
  });
  void host.run().wake();
  while (host.events().length < 2501) await settled();
  host.die();
  await wake();
  expect(host.events()).toHaveLength(2503);
  const done = host.events().at(-1);
  expect(done?.type === "done" && done.changes.length).toBe(2500);
  expect(host.run().view(CALLER)?.changes).toHaveLength(2500);
});

test("an event of megabytes is kept whole", async () => {
  const large = "é😀".repeat(900_000);
  started(async function* () {
    yield { ...DONE, patch: large };
  });
  await wake();
  expect(host.events()[1]).toMatchObject({ patch: large });
  expect(host.run().patch(CALLER)).toBe(large);
});
