import { expect, test } from "vitest";
import { agentTime } from "../../src/run/deadline.ts";

test.each([
  [900, 870],
  [300, 270],
  [100, 85],
  [60, 51],
  [20, 15],
  [8, 4],
  [1, 0.5],
])("of %d s an agent has %d s", (limit, time) => {
  expect(agentTime(limit * 1000)).toBe(time * 1000);
});

test("time is counted in whole milliseconds, which timers want", () => {
  for (let limit = 1; limit <= 900; limit++) expect(Number.isInteger(agentTime(limit * 1000 + 1))).toBe(true);
});
