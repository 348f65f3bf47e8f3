import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ContestResult, contest } from "../../bench/contest.ts";
import { startForge } from "../support/forge/server.ts";

let dir = "";
let result: ContestResult;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "bench-test-"));
  const forge = await startForge({ root: dir });
  const source = await forge.addRepository("any/source", {
    files: {
      "README.md": `# Title\n\n${"A line that mentions kettles twice: kettles.\n".repeat(10)}`,
      "bin/run": { mode: "100755", content: "#!/bin/sh\n" },
      latest: { mode: "120000", content: "README.md" },
      "data/noise": randomBytes(400_000),
    },
  });
  await forge.close();
  const repository = { name: "source", dir: source.dir, files: 4 };
  const contenders = ["service", "native", "isomorphic", "floor"] as const;
  result = await contest(repository, { rounds: 1, contenders, freshStarts: 1, folder: dir });
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

test("every contender opens a pull request with the same tree", () => {
  const [samples = []] = result.rounds;
  expect(samples.map(({ contender }) => contender)).toEqual(["service", "native", "isomorphic", "floor"]);
  expect(new Set(samples.map(({ tree }) => tree)).size).toBe(1);
  for (const { requests } of samples) {
    expect(requests.at(-1)?.line).toBe("POST /api/v3/repos/bench/source/pulls 201");
  }
});

test("every contender is charged wall time, CPU time and memory", () => {
  for (const { wallMs, cpuMs, memoryKb } of result.rounds.flat()) {
    expect(wallMs).toBeGreaterThan(0);
    expect(cpuMs).toBeGreaterThan(0);
    expect(memoryKb).toBeGreaterThanOrEqual(0);
  }
  expect(result.freshMemoryKb).toHaveLength(1);
});

test("the floor sends the service's requests, byte for byte of the same size, and gets the same answers", () => {
  const [samples = []] = result.rounds;
  const conversation = (name: string) =>
    samples
      .find(({ contender }) => contender === name)
      ?.requests.map(({ line, bytesIn }) => `${line} ${line.includes("receive-pack") ? "" : bytesIn}`);
  expect(conversation("floor")).toEqual(conversation("service"));
});

test("the service fetches nothing of a file it does not read; a clone fetches it all", () => {
  const [samples = []] = result.rounds;
  const fetched = new Map(samples.map(({ contender, fetchedBytes }) => [contender, fetchedBytes]));
  expect(fetched.get("service")).toBeLessThan(20_000);
  expect(fetched.get("native")).toBeGreaterThan(300_000);
  expect(fetched.get("isomorphic")).toBeGreaterThan(300_000);
});
