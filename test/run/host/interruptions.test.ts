/** A run whose process dies, at any point and any number of times: nothing is lost, and nothing said twice. */
import { afterEach, describe, expect, test } from "vitest";
import { ServiceError } from "../../../src/errors.ts";
import type { RunOutput } from "../../../src/run/checkpoint.ts";
import {
  CALLER,
  DONE,
  FOREVER,
  type Hosted,
  type HostedOptions,
  hosted,
  mark,
  messages,
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
        if (left-- <= 0) await FOREVER;
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
        await FOREVER;
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
      if (life === 1) await FOREVER;
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
      await FOREVER;
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
      if (seen.length < 3) await FOREVER;
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
      if (active.length === 1) await FOREVER;
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

test("a log of thousands of events is seen whole by the next life", async () => {
  let life = 0;
  started(async function* () {
    life += 1;
    for (let n = 0; n < 2500; n += 1) {
      yield { type: "change", message: "c", path: `f${n}`, kind: "added", additions: 1, deletions: 0 };
    }
    if (life === 1) await FOREVER;
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
