/** What a runner that was killed left on its engine, and whether it is gone in time. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { RUNNER_LABEL } from "../../sandbox-runner/src/docker/container.ts";
import { until } from "../support/until.ts";

export interface Leftovers {
  /** Notes what is there; it has to be gone by the deadline. */
  watch(): Promise<void>;
  /** Volumes that were not there at first. */
  volumes(): Promise<readonly string[]>;
  /** Settles when all that is watched is gone, or too late. */
  gone(): Promise<{
    readonly containers: number;
    readonly slowestMs: number;
    readonly problems: readonly string[];
  }>;
}

const run = promisify(execFile);

/** `host` as `DOCKER_HOST` has it, which it is by default. Containers of the runner of this name; `withinMs` is how long one may be there after its runner was killed. */
export async function watchLeftovers(
  host: string | undefined,
  runner: string,
  withinMs: number,
): Promise<Leftovers> {
  const lines = async (...args: readonly string[]) => {
    const engine = host === undefined ? [] : ["--host", host];
    return (await run("docker", [...engine, ...args])).stdout.split("\n").filter((line) => line !== "");
  };
  const filter = ["--filter", `label=${RUNNER_LABEL}=${runner}`];
  const containers = () => lines("ps", "--all", "--no-trunc", ...filter, "--format", "{{.ID}} {{.Status}}");
  const volumes = () => lines("volume", "ls", "--quiet");
  const before = new Set(await volumes());
  const problems: string[] = [];
  const watches: Promise<void>[] = [];
  let count = 0;
  let slowestMs = 0;
  const watch = async (ids: readonly string[]) => {
    const start = performance.now();
    const left = async () => (await containers()).filter((line) => ids.includes(idOf(line)));
    try {
      // An engine that is being restarted does not answer.
      await until("all is gone", async () => (await left().catch(() => undefined))?.length === 0, withinMs);
      slowestMs = Math.max(slowestMs, performance.now() - start);
    } catch {
      problems.push(`after ${withinMs} ms there was still ${JSON.stringify(await left())}`);
    }
  };
  return {
    async watch() {
      const ids = (await containers()).map(idOf);
      count += ids.length;
      watches.push(watch(ids));
    },
    volumes: async () => (await volumes()).filter((name) => !before.has(name)),
    async gone() {
      await Promise.all(watches);
      return { containers: count, slowestMs, problems };
    },
  };
}

function idOf(line: string): string {
  return line.slice(0, line.indexOf(" "));
}
