/** How attempts end short of success: rate limits, cancellations, failures. */
import { afterEach, describe, expect, test } from "vitest";
import { ServiceError } from "../../../src/errors.ts";
import {
  CALLER,
  DONE,
  FOREVER,
  type Hosted,
  type HostedOptions,
  hosted,
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
      if (!signal.aborted) await FOREVER;
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
