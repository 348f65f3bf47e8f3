/** Hundreds of sandboxes through one runner, several at a time: nothing of it may grow. */
import { readdir } from "node:fs/promises";
import { parseArgs } from "node:util";
import { median } from "../../bench/statistics.ts";
import { memoryOf } from "../support/process-memory.ts";
import { startRunnerProcess } from "../support/runner-process.ts";
import { type RunnerClient, runnerClient } from "../support/sandbox-runner.ts";
import { watchLeftovers } from "./leftovers.ts";

export interface SoakOptions {
  readonly sandboxes: number;
  /** At the same time. */
  readonly lanes: number;
  readonly onSandbox?: (count: number) => void;
}

interface Window {
  /** MiB the runner had resident, in the middle. */
  readonly memory: number;
  /** Open descriptors, in the middle. */
  readonly descriptors: number;
}

export interface SoakResult {
  readonly sandboxes: number;
  /** After the first tenth, which fills caches and code; and the last tenth. */
  readonly early: Window;
  readonly late: Window;
  readonly problems: readonly string[];
}

/** What a garbage collector may leave lying about. */
const MOST_GROWTH_MB = 24;
/** Connections under way differ by a few. */
const MOST_DESCRIPTORS = 12;
/** For containers to be removed once their sandboxes are gone. */
const GONE_MS = 25_000;

const FILES = {
  "src/a.txt": "a\n".repeat(5000),
  "src/b.txt": "b\n".repeat(5000),
  Makefile: "all:\n\tdate > out.txt\n",
};

export async function soakSandboxes({ sandboxes, lanes, onSandbox }: SoakOptions): Promise<SoakResult> {
  const name = `soak-${process.pid}`;
  const leftovers = await watchLeftovers(undefined, name, GONE_MS);
  const problems: string[] = [];
  const samples: Window[] = [];
  {
    await using runner = await startRunnerProcess({
      RUNNER_NAME: name,
      MAX_SANDBOXES: String(lanes),
      WARM_POOL_SIZE: "2",
      MEMORY_LIMIT_MB: "256",
      WORKSPACE_MB: "64",
      // Small enough for garbage to be collected all the time: what grows then is not garbage.
      NODE_OPTIONS: "--max-old-space-size=64 --max-semi-space-size=4",
    });
    const client = runnerClient(runner);
    let begun = 0;
    const lane = async (): Promise<void> => {
      while (begun < sandboxes) {
        begun += 1;
        await live(client).catch((error: unknown) => problems.push(`${error}`));
        const descriptors = (await readdir(`/proc/${runner.pid}/fd`)).length;
        samples.push({ memory: memoryOf(runner.pid).now, descriptors });
        onSandbox?.(samples.length);
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
    // What is in stock goes with the runner.
    await leftovers.watch();
  }
  problems.push(...(await leftovers.gone()).problems);
  problems.push(...(await leftovers.volumes()).map((volume) => `volume ${volume} was left`));
  const tenth = Math.max(1, Math.floor(samples.length / 10));
  const early = windowOf(samples.slice(tenth, 2 * tenth));
  const late = windowOf(samples.slice(-tenth));
  if (late.memory - early.memory > MOST_GROWTH_MB)
    problems.push(`memory grew from ${early.memory.toFixed(1)} to ${late.memory.toFixed(1)} MiB`);
  if (late.descriptors - early.descriptors > MOST_DESCRIPTORS)
    problems.push(`descriptors grew from ${early.descriptors} to ${late.descriptors}`);
  return { sandboxes: samples.length, early, late, problems };
}

/** Everything one can do with a sandbox. */
async function live(client: RunnerClient): Promise<void> {
  const { id } = await client.create("docker", FILES);
  const { end } = await client.exec(id, "make -s && seq 1 5000 && cat out.txt");
  if (end.type === "error" || end.exit_code !== 0)
    throw new Error(`a command ended with ${JSON.stringify(end)}`);
  await client.put(id, { "src/c.txt": "c" });
  const { added, modified, deleted } = await client.changes(id);
  if (added.join() !== "out.txt" || modified.length + deleted.length > 0)
    throw new Error(`the changes were ${JSON.stringify({ added, modified, deleted })}`);
  await client.destroy(id);
}

function windowOf(samples: readonly Window[]): Window {
  return {
    memory: median(samples.map(({ memory }) => memory)),
    descriptors: median(samples.map(({ descriptors }) => descriptors)),
  };
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: { sandboxes: { type: "string", default: "500" }, lanes: { type: "string", default: "8" } },
  });
  const { sandboxes, early, late, problems } = await soakSandboxes({
    sandboxes: Number(values.sandboxes),
    lanes: Number(values.lanes),
    onSandbox: (count) => {
      if (count % 50 === 0) process.stderr.write(`${count} sandboxes\n`);
    },
  });
  for (const problem of problems) console.log(problem);
  console.log(
    `${sandboxes} sandboxes, ${values.lanes} at a time: memory ${early.memory.toFixed(1)} MiB early, ${late.memory.toFixed(1)} MiB late; descriptors ${early.descriptors} and ${late.descriptors}`,
  );
  process.exitCode = problems.length === 0 ? 0 : 1;
}
