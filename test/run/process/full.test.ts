/** What whoever starts one run too many is told. */
import { expect, test } from "vitest";
import { startTimer } from "../../../src/http/timers.ts";
import { createRedactor } from "../../../src/redact.ts";
import { createProcessHost } from "../../../src/run/process/host.ts";
import { DONE, FRAMES, REQUEST } from "../../support/hosted.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { until } from "../../support/until.ts";

test.each([
  ["You have 1 run under way", { maxRuns: 9, maxRunsPerCaller: 1 }],
  ["You have 2 runs under way", { maxRuns: 9, maxRunsPerCaller: 2 }],
  ["The service has 1 run under way", { maxRuns: 1, maxRunsPerCaller: 9 }],
])("%s, which is the most at a time", async (what, limits) => {
  await using folder = await temporaryFolder();
  const ended = Promise.withResolvers<void>();
  const host = createProcessHost({
    folder: folder.path,
    limits: { ...limits, retentionMs: 60_000 },
    frames: FRAMES,
    now: Date.now,
    startTimer,
    redact: (text) => text,
    report: (error) => {
      throw error;
    },
    storyFor: () => ({
      redactor: createRedactor([]),
      introduction: () => [],
      async *run() {
        await ended.promise;
        yield DONE;
      },
    }),
  });
  const start = () => host.start({ caller: "ann", lendsModels: true, prepare: () => REQUEST, wants: "view" });
  try {
    for (let n = 0; n < Math.min(limits.maxRuns, limits.maxRunsPerCaller); n += 1) await start();
    await expect(start()).rejects.toMatchObject({
      code: "too_many_runs",
      message: `${what}, which is the most at a time. Try again when one has ended.`,
    });
  } finally {
    ended.resolve();
    const page = { limit: 10, cursor: undefined };
    await until("all have ended", async () =>
      (await host.list("ann", page)).runs.every(({ status }) => status === "succeeded"),
    );
    host.close();
  }
});
