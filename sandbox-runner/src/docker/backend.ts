/** Sandboxes as containers of a Docker engine. */
import { randomUUID } from "node:crypto";
import type Docker from "dockerode";
import type { Logger } from "pino";
import type { Backend, BackendSandbox } from "../backend.ts";
import { RunnerError } from "../errors.ts";
import type { Network } from "../network/network.ts";
import { checkEngine, checkSandbox } from "./check.ts";
import { createPool } from "./pool.ts";
import { startReaper } from "./reaper.ts";
import { createSandbox, type Stock, stock } from "./sandbox.ts";
import type { DockerSettings } from "./settings.ts";
import { startContainer } from "./start.ts";
import { createUsers } from "./users.ts";

/** After which a container in stock is replaced; its last line of defence ends it not much later. */
const POOL_AGE_MS = 600_000;
/** The longest a check's sandbox lives. */
const CHECK_MS = 60_000;

export interface DockerDependencies {
  readonly docker: Docker;
  /** Left out when the settings say there is none. */
  readonly network?: Network;
  readonly log: Pick<Logger, "info" | "warn">;
}

export function createDockerBackend(settings: DockerSettings, deps: DockerDependencies): Backend {
  const { docker, log } = deps;
  const instance = randomUUID();
  const nextUid = createUsers();
  const sandboxes = new Set<BackendSandbox>();

  /** `deadline` in milliseconds since the epoch. */
  const start = async (deadline: number, signal: AbortSignal): Promise<Stock> => {
    const network = await deps.network?.open(randomUUID().replaceAll("-", ""));
    try {
      const options = { instance, uid: nextUid(), deadline, proxyFolder: network?.folder };
      return stock(await startContainer(docker, settings, options, signal), network);
    } catch (error) {
      await network?.close();
      throw error;
    }
  };
  const pool = createPool({
    size: settings.warmPoolSize,
    maxAgeMs: POOL_AGE_MS,
    async start(signal) {
      const stocked = await start(Date.now() + POOL_AGE_MS + settings.lifetimeSeconds * 1000, signal);
      await stocked.shells.ready();
      return stocked;
    },
    log,
  });
  const reaper = startReaper(docker, { runner: settings.runner, instance }, log);
  const closing = new AbortController();
  const create = async (expiresAt: number, signal: AbortSignal) => {
    const either = AbortSignal.any([signal, closing.signal]);
    const stocked = pool.take() ?? (await start(expiresAt, either));
    const sandbox = createSandbox(stocked, settings, expiresAt);
    sandboxes.add(sandbox);
    void sandbox.ended.then(() => sandboxes.delete(sandbox));
    return sandbox;
  };

  return {
    provider: "docker",
    limits: settings.limits,
    network: settings.network,
    create: ({ expiresAt }, signal) => create(expiresAt, signal),
    async check(signal) {
      await checkEngine(docker, settings, signal);
      const sandbox = await create(Date.now() + CHECK_MS, signal);
      try {
        await checkSandbox(sandbox, settings.image, signal);
      } finally {
        await sandbox.destroy();
      }
    },
    async close() {
      closing.abort(new RunnerError("provider_unavailable", "The runner is shutting down."));
      reaper.stop();
      await Promise.allSettled([pool.close(), ...[...sandboxes].map((sandbox) => sandbox.destroy())]);
    },
  };
}
