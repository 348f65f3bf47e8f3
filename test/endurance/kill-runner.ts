/** Kills the sandbox-runner at random moments while sandboxes are in use: nothing stays, nobody hangs. */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createRandom } from "../support/random.ts";
import { startRunnerProcess } from "../support/runner-process.ts";
import { runnerClient } from "../support/sandbox-runner.ts";
import { watchLeftovers } from "./leftovers.ts";
import { PHASES, type Phase, startCallers } from "./sandbox-callers.ts";

export interface KillRunnerOptions {
  readonly seed: number;
  readonly kills: number;
  /** Callers at the same time. */
  readonly lanes: number;
  readonly onKill?: (kills: number) => void;
}

export interface KillRunnerResult {
  readonly kills: number;
  /** Sandboxes that were there when their runner was killed. */
  readonly containers: number;
  /** Milliseconds until the last of them was gone. */
  readonly slowestMs: number;
  /** What callers were in the middle of. */
  readonly phases: Readonly<Record<Phase, number>>;
  /** Sandboxes that lived from beginning to end. */
  readonly lives: number;
  readonly problems: readonly string[];
}

const TTL_SECONDS = 10;
/** By the service's promise. */
const GONE_MS = (TTL_SECONDS + 15) * 1000;
/** From the moment somebody is where it is to be killed. */
const LONGEST_MOMENT_MS = 300;

export async function killRunner(options: KillRunnerOptions): Promise<KillRunnerResult> {
  const random = createRandom(options.seed);
  const name = `kill-runner-${randomUUID()}`;
  const start = () =>
    startRunnerProcess({
      RUNNER_NAME: name,
      SANDBOX_TTL_SECONDS: String(TTL_SECONDS),
      WARM_POOL_SIZE: "1",
      MAX_SANDBOXES: "16",
      MEMORY_LIMIT_MB: "256",
      WORKSPACE_MB: "64",
    });
  const leftovers = await watchLeftovers(undefined, name, GONE_MS);
  const callers = startCallers(options.seed, options.lanes);
  const problems: string[] = [];
  for (let kills = 1; kills <= options.kills; kills++) {
    const runner = await start();
    callers.runner = runnerClient(runner);
    callers.calm();
    await callers.reached(random.pick(PHASES));
    await sleep(random.int(LONGEST_MOMENT_MS));
    callers.disturb();
    await runner.kill();
    callers.runner = undefined;
    await leftovers.watch();
    await callers.settled();
    options.onKill?.(kills);
  }
  // The last one is not followed by another runner that could clean up.
  problems.push(...(await callers.stop()));
  const { containers, slowestMs, problems: left } = await leftovers.gone();
  problems.push(...left, ...(await leftovers.volumes()).map((volume) => `volume ${volume} was left`));
  const { disturbed: phases, lives } = callers;
  return { kills: options.kills, containers, slowestMs, phases, lives: lives(), problems };
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: {
      seed: { type: "string", default: "1" },
      kills: { type: "string", default: "100" },
      lanes: { type: "string", default: "4" },
    },
  });
  const result = await killRunner({
    seed: Number(values.seed),
    kills: Number(values.kills),
    lanes: Number(values.lanes),
    onKill: (kills) => {
      if (kills % 10 === 0) process.stderr.write(`${kills} kills\n`);
    },
  });
  for (const problem of result.problems) console.log(problem);
  console.log(
    `${result.kills} kills of the runner, in the middle of ${JSON.stringify(result.phases)}: ${result.containers} containers were there, the last was gone after ${result.slowestMs.toFixed(0)} ms; ${result.lives} sandboxes lived undisturbed (seed ${values.seed})`,
  );
  process.exitCode = result.problems.length === 0 ? 0 : 1;
}
