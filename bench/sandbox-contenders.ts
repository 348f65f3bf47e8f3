/** What the sandbox bench times: commands through the runner, and the same by hand with Docker's command line. */
import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { RUNNER_LABEL } from "../sandbox-runner/src/docker/container.ts";
import { SANDBOX_IMAGE, startRunnerProcess } from "../test/support/runner-process.ts";
import { type RunnerClient, runnerClient } from "../test/support/sandbox-runner.ts";

const run = promisify(execFile);

/** Milliseconds of one go. */
export type Contender = () => Promise<number>;

export interface Contenders extends AsyncDisposable {
  readonly contenders: Readonly<Record<ContenderName, Contender>>;
  /** Milliseconds from a line's being printed to its event, line by line. */
  delays(lines: number): Promise<readonly number[]>;
}

export const CONTENDERS = [
  "docker run --rm",
  "first command, warm",
  "first command, cold",
  "docker exec",
  "further command",
] as const;
export type ContenderName = (typeof CONTENDERS)[number];

const SAID = "hello";
const POOL_SIZE = 2;
/** For shells in a new container to be ready. */
const STOCK_MS = 700;
const LINE_PAUSE_SECONDS = 0.02;

export async function openContenders(): Promise<Contenders> {
  await using cleanup = new AsyncDisposableStack();
  const name = `bench-${process.pid}`;
  const warm = cleanup.use(
    await startRunnerProcess({ RUNNER_NAME: name, WARM_POOL_SIZE: String(POOL_SIZE) }),
  );
  const cold = cleanup.use(await startRunnerProcess({ WARM_POOL_SIZE: "0" }));
  const [warmClient, coldClient] = [runnerClient(warm), runnerClient(cold)];
  const { id } = await coldClient.create("docker");
  const long = ["run", "--detach", "--rm", "--network", "none", SANDBOX_IMAGE, "sleep", "3600"];
  const container = (await run("docker", long)).stdout.trim();
  cleanup.defer(async () => void (await run("docker", ["rm", "--force", container])));

  const first = async (client: RunnerClient) => {
    const sandbox = await client.create("docker");
    const { stdout } = await client.exec(sandbox.id, `echo ${SAID}`);
    await client.destroy(sandbox.id);
    return stdout;
  };
  const contenders: Record<ContenderName, Contender> = {
    "docker run --rm": () =>
      timed(
        async () =>
          (await run("docker", ["run", "--rm", "--network", "none", SANDBOX_IMAGE, "echo", SAID])).stdout,
      ),
    "first command, warm": async () => {
      await stocked(name);
      return await timed(() => first(warmClient));
    },
    "first command, cold": () => timed(() => first(coldClient)),
    "docker exec": () => timed(async () => (await run("docker", ["exec", container, "echo", SAID])).stdout),
    "further command": () => timed(async () => (await coldClient.exec(id, `echo ${SAID}`)).stdout),
  };
  const end = cleanup.move();
  return {
    contenders,
    async delays(lines) {
      const found: number[] = [];
      const command = `for i in $(seq ${lines}); do date +%s%N; sleep ${LINE_PAUSE_SECONDS}; done`;
      for await (const event of coldClient.stream(id, command)) {
        if (event.type !== "output") continue;
        const now = performance.timeOrigin + performance.now();
        for (const line of event.data.trim().split("\n")) found.push(now - Number(line) / 1e6);
      }
      return found;
    },
    [Symbol.asyncDispose]: () => end.disposeAsync(),
  };
}

async function timed(act: () => Promise<string>): Promise<number> {
  const start = performance.now();
  const said = await act();
  const ms = performance.now() - start;
  if (said !== `${SAID}\n`) throw new Error(`said ${JSON.stringify(said)}`);
  return ms;
}

/** Until the pool is full again, as it is between runs. */
async function stocked(runner: string): Promise<void> {
  const list = ["ps", "--quiet", "--filter", `label=${RUNNER_LABEL}=${runner}`];
  while ((await run("docker", list)).stdout.split("\n").length <= POOL_SIZE) await sleep(STOCK_MS / 10);
  await sleep(STOCK_MS);
}
