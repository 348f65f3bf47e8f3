/** A run in its host: started once, kept to the byte, shown to its caller, deleted in time. */
import { afterEach, describe, expect, test } from "vitest";
import type { RunEvent } from "../../../src/run/events.ts";
import {
  CALLER,
  DONE,
  type Hosted,
  type HostedOptions,
  hosted,
  mark,
  messages,
  REQUEST,
  RETENTION_MS,
  type Script,
  say,
  settled,
} from "../../support/hosted.ts";

let host: Hosted;

afterEach(() => host.close());

function started(script: Script, options?: HostedOptions): Hosted {
  host = hosted(script, options);
  host.start();
  return host;
}

/** Runs what is due. */
const wake = () => host.run().wake();

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
    expect(host.dump()).not.toContain("Say hello");
    expect(host.expired).toEqual(["the-run"]);
    expect(host.alarm()).toBe(host.clock + RETENTION_MS);
    host.clock += RETENTION_MS;
    await wake();
    expect(host.run().view(CALLER)).toBeUndefined();
    expect(host.tables()).toEqual([]);
  });

  test("the directory is told until it knows, and once", async () => {
    let fails = 1;
    started(
      async function* () {
        yield DONE;
      },
      {
        tellExpired: async () => {
          if (fails-- > 0) throw new Error("the directory is away");
        },
      },
    );
    await wake();
    host.clock += RETENTION_MS;
    await wake();
    expect(host.expired).toEqual([]);
    expect(host.alarm()).toBe(host.clock + 5_000);
    host.die();
    await wake();
    host.die();
    await wake();
    expect(host.expired).toEqual(["the-run"]);
    expect(host.alarm()).toBe(host.clock + RETENTION_MS);
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

test("a run that added nothing to the branch it was to go on with leaves that to be gone on with", async () => {
  const continues = {
    run_id: "the-first",
    head: { owner: "o", name: "n" },
    branch: "b",
    base_branch: "main",
    pull_request: { number: 7, url: "https://github.com/o/n/pull/7" },
  };
  host = hosted(async function* () {
    yield mark(1);
    yield DONE;
  });
  host.start({ request: { ...REQUEST, continues } });
  await wake();
  expect(host.run().continuation(CALLER)).toEqual({
    ...REQUEST,
    continues: { ...continues, run_id: "the-run" },
  });
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

test("an event of megabytes is kept whole", async () => {
  const large = "é😀".repeat(900_000);
  started(async function* () {
    yield { ...DONE, patch: large };
  });
  await wake();
  expect(host.events()[1]).toMatchObject({ patch: large });
  expect(host.run().patch(CALLER)).toBe(large);
});
