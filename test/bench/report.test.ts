import { expect, test } from "vitest";
import type { ContenderName } from "../../bench/contender.ts";
import type { ContestResult, Sample } from "../../bench/contest.ts";
import { figuresOf } from "../../bench/figures.ts";
import { phasesOf } from "../../bench/phases.ts";
import { markdownTable } from "../../bench/table.ts";
import { verdictsOn } from "../../bench/targets.ts";

function sample(contender: ContenderName, wallMs: number, cpuMs: number, memoryMb: number): Sample {
  return {
    contender,
    branch: "bench/x",
    tree: "0".repeat(40),
    beganAt: 0,
    wallMs,
    cpuMs,
    memoryKb: memoryMb * 1024,
    fetchedBytes: contender === "native" ? 4096 : 1024,
    requests: [],
  };
}

function result(files: number, freshMb: number): ContestResult {
  return {
    repository: { name: "demo", dir: "/demo", files },
    rounds: [
      [sample("service", 10, 6, 20), sample("native", 100, 20, 9)],
      [sample("service", 30, 4, 30), sample("native", 100, 40, 9)],
      [sample("service", 40, 8, 10), sample("native", 100, 20, 9)],
    ],
    freshMemoryKb: [freshMb * 1024],
  };
}

test("figures are medians, ratios are paired, and memory is the most there was", () => {
  const figures = figuresOf(result(28, 40));
  expect(figures).toMatchObject({
    wallMs: { service: 30, native: 100 },
    wallRatio: { native: 0.3 },
    cpuRatio: { native: 0.3 },
    warmGrowthMb: 30,
    freshGrowthMb: 40,
    fetchedBytes: { service: 1024, native: 4096 },
  });
});

test("every target has a verdict, and 100,000 files have stricter ones", () => {
  expect(verdictsOn(figuresOf(result(28, 40))).map(({ line }) => line)).toEqual([
    "holds  demo: wall / native 0.300 (target 0.35)",
    "holds  demo: CPU / native 0.300 (target 0.35)",
    "holds  demo: memory growth 40.0 MB (target 48 MB)",
  ]);
  expect(verdictsOn(figuresOf(result(28, 49))).map(({ holds }) => holds)).toEqual([true, true, false]);
  expect(verdictsOn(figuresOf(result(100_000, 49))).map(({ holds }) => holds)).toEqual([false, false, true]);
});

test("a missed share of the wall time says what the requests alone take", () => {
  const { rounds, ...rest } = result(28, 40);
  const slow = rounds.map((samples) => [
    ...samples.map((one) => (one.contender === "service" ? { ...one, wallMs: 90 } : one)),
    sample("floor", 60, 1, 1),
  ]);
  expect(verdictsOn(figuresOf({ ...rest, rounds: slow }))[0]?.line).toBe(
    "MISSED demo: wall / native 0.900 (target 0.35; its requests alone take 0.600)",
  );
});

test("the table has a row for each repository and a dash for what was not measured", () => {
  const [head = "", rule = "", row = "", ...more] = markdownTable([figuresOf(result(5326, 40))]).split("\n");
  expect(more).toEqual([]);
  expect(rule.split("|").length).toBe(head.split("|").length);
  expect(row).toBe(
    "| demo | 5,326 | 30 ms | 100 ms | 0.300 | 6 ms | 20 ms | 0.300 | 40 MB / 30 MB | 9 MB | – | – | 1 KB | 4 KB |",
  );
});

test("what the service adds is the time until its next request, less what the floor takes for it", () => {
  const at = (contender: ContenderName, moments: readonly number[], wallMs: number): Sample => ({
    ...sample(contender, wallMs, 1, 1),
    requests: moments.map((atMs, i) => ({ line: `POST /a/b${i} 200`, atMs, bytesIn: 1, bytesOut: 1 })),
  });
  const rounds = [[at("service", [5, 30], 60), at("floor", [2, 12], 30)]];
  expect(phasesOf({ ...result(28, 40), rounds })).toEqual([
    { name: "(before)", serviceMs: 5, floorMs: 2 },
    { name: "POST …/b0", serviceMs: 25, floorMs: 10 },
    { name: "POST …/b1", serviceMs: 30, floorMs: 18 },
  ]);
});
