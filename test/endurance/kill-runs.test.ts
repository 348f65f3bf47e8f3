/** A seeded sample of the kill test, small enough for every test run. */

import { expect, test } from "vitest";
import { DONE } from "../support/ending.ts";
import { judgeLog } from "./judge.ts";
import { killRuns } from "./kill-runs.ts";

test("runs survive the service being killed in the middle of them", async () => {
  const result = await killRuns({ host: "workerd", seed: 20_261_122, kills: 6, lanes: 3 });
  expect(result.problems).toEqual([]);
  expect([result.kills, result.survived]).toEqual([6, result.runs]);
  expect(result.resumed).toBeGreaterThan(0);
}, 180_000);

test("a log that lost, repeated or never ended something would be found", () => {
  const event = (seq: number, rest: object): string =>
    `id: ${seq}\ndata: ${JSON.stringify({ seq, time: "2026-01-01T00:00:00.000Z", message: "x", ...rest })}\n\n`;
  const step = { type: "success", step: "push", result: {}, duration_ms: 1 };
  const begin = { type: "progress", step: "push" };
  const done = { ...DONE, status: "failed" };
  expect(judgeLog(event(1, begin) + event(2, step) + event(3, done))).toEqual([]);
  expect(judgeLog(event(1, begin) + event(3, done))).toEqual(["event 2 has number 3"]);
  expect(judgeLog(event(1, begin) + event(1, begin) + event(2, done))).toEqual([
    "event 2 has number 1",
    "event 3 has number 2",
  ]);
  expect(judgeLog(event(1, step) + event(2, step) + event(3, done))).toEqual(["push succeeded twice"]);
  expect(judgeLog(event(1, step))).toEqual(["done 0 times", "the last event is success"]);
  expect(judgeLog(event(1, done) + event(2, done))).toEqual(["done 2 times"]);
});
