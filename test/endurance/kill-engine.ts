/** Kills a Docker engine at random moments while a runner's sandboxes are in use: callers are told, nothing stays. */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { startEngineProcess } from "../support/engine-process.ts";
import { createRandom } from "../support/random.ts";
import { startRunnerProcess } from "../support/runner-process.ts";
import { runnerClient } from "../support/sandbox-runner.ts";
import { until } from "../support/until.ts";
import { watchLeftovers } from "./leftovers.ts";
import { PHASES, type Phase, startCallers } from "./sandbox-callers.ts";

export interface KillEngineOptions {
  readonly seed: number;
  readonly kills: number;
  /** Callers at the same time. */
  readonly lanes: number;
}

export interface KillEngineResult {
  readonly kills: number;
  /** Sandboxes that were there when their engine was killed. */
  readonly containers: number;
  /** Milliseconds until the last of them was gone, most of them the engine's own start. */
  readonly slowestMs: number;
  readonly phases: Readonly<Record<Phase, number>>;
  readonly lives: number;
  readonly problems: readonly string[];
}

const TTL_SECONDS = 10;
const GONE_MS = (TTL_SECONDS + 15) * 1000;
/** From the moment somebody is where it is to be killed. */
const LONGEST_MOMENT_MS = 300;
/** For the runner to notice that the engine is back. */
const BACK_MS = 30_000;

export async function killEngine(options: KillEngineOptions): Promise<KillEngineResult> {
  const random = createRandom(options.seed);
  const name = `kill-engine-${randomUUID()}`;
  await using engine = await startEngineProcess();
  await using runner = await startRunnerProcess({
    DOCKER_HOST: engine.host,
    DOCKER_IMAGE: engine.image,
    RUNNER_NAME: name,
    SANDBOX_TTL_SECONDS: String(TTL_SECONDS),
    WARM_POOL_SIZE: "1",
    MAX_SANDBOXES: "16",
    MEMORY_LIMIT_MB: "256",
    WORKSPACE_MB: "64",
  });
  const client = runnerClient(runner);
  const leftovers = await watchLeftovers(engine.host, name, GONE_MS);
  const callers = startCallers(options.seed, options.lanes);
  const problems: string[] = [];
  callers.runner = client;
  for (let kills = 1; kills <= options.kills; kills++) {
    await callers.reached(random.pick(PHASES));
    await sleep(random.int(LONGEST_MOMENT_MS));
    callers.disturb();
    await leftovers.watch();
    await engine.kill();
    await callers.settled();
    await engine.start();
    const works = async () => {
      const { id } = await client.create("docker");
      await client.destroy(id);
      return true;
    };
    await until("sandboxes work again", () => works().catch(() => false), BACK_MS).catch((error: unknown) =>
      problems.push(`${error}`),
    );
    // Whatever began before that may still end as disturbed.
    await callers.settled();
    callers.calm();
  }
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
      kills: { type: "string", default: "10" },
      lanes: { type: "string", default: "4" },
    },
  });
  const result = await killEngine({
    seed: Number(values.seed),
    kills: Number(values.kills),
    lanes: Number(values.lanes),
  });
  for (const problem of result.problems) console.log(problem);
  console.log(
    `${result.kills} kills of the engine, in the middle of ${JSON.stringify(result.phases)}: ${result.containers} containers were there, the last was gone after ${result.slowestMs.toFixed(0)} ms; ${result.lives} sandboxes lived undisturbed (seed ${values.seed})`,
  );
  process.exitCode = result.problems.length === 0 ? 0 : 1;
}
