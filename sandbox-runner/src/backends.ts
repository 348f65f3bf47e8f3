/** The one place that knows every backend: makes those the operator chose, each from its own part of the settings. */
import type { Logger } from "pino";
import type { RunnerProvider } from "../../src/sandbox/wire.ts";
import { createLambdaBackend } from "./aws/backend.ts";
import type { Backend } from "./backend.ts";
import { createDockerBackend } from "./docker/backend.ts";
import { connectEngine } from "./docker/engine.ts";
import { createNetwork } from "./network/create-network.ts";
import type { Network } from "./network/network.ts";
import { createProcessBackend } from "./process/backend.ts";
import { type Settings, SetUpError } from "./settings.ts";

type CreateBackend = (settings: Settings, log: Logger) => Promise<Backend>;

const CREATE: Readonly<Record<RunnerProvider, CreateBackend>> = {
  docker: dockerBackend,
  aws: async ({ common, aws }) => createLambdaBackend({ ...common, ...aws }),
  process: processBackend,
};

/** Throws SetUpError when one of them cannot be used here; those that were made before are closed again. */
export async function createBackends(settings: Settings, log: Logger): Promise<readonly Backend[]> {
  const backends: Backend[] = [];
  try {
    for (const name of settings.backends) backends.push(await CREATE[name](settings, log));
    return backends;
  } catch (error) {
    await Promise.allSettled(backends.map((backend) => backend.close()));
    throw error;
  }
}

async function dockerBackend(settings: Settings, log: Logger): Promise<Backend> {
  const { common, docker } = settings;
  const wayOut = await createWayOut(settings);
  const backend = createDockerBackend(
    {
      image: docker.image,
      ...(docker.runtime === undefined ? {} : { runtime: docker.runtime }),
      runner: docker.runner,
      limits: common.limits,
      network: common.network,
      lifetimeSeconds: common.ttlSeconds,
      warmPoolSize: docker.warmPoolSize,
      pids: common.pidsLimit,
      openFiles: common.openFilesLimit,
      workspaceMb: common.workspaceMb,
      workspaceFiles: common.workspaceInodes,
      changes: common.archive,
    },
    { docker: connectEngine(), log, ...(wayOut === undefined ? {} : { network: wayOut }) },
  );
  return wayOut === undefined ? backend : closingAfter(backend, wayOut);
}

async function processBackend(settings: Settings): Promise<Backend> {
  const { common, process, service } = settings;
  const wayOut = await createWayOut(settings);
  try {
    const backend = await createProcessBackend(
      { ...common, unsafe: process.unsafe, host: service.host },
      wayOut,
    );
    return wayOut === undefined ? backend : closingAfter(backend, wayOut);
  } catch (error) {
    await wayOut?.close();
    throw error;
  }
}

async function createWayOut({ common, network }: Settings): Promise<Network | undefined> {
  if (common.network === "none") return undefined;
  return await createNetwork(network).catch(toSetUpError);
}

/** The same backend, which takes its network along when it ends. */
function closingAfter(backend: Backend, network: Network): Backend {
  return {
    ...backend,
    async close() {
      await backend.close();
      await network.close();
    },
  };
}

/** A part's own words for what the operator got wrong. */
function toSetUpError(error: unknown): never {
  throw new SetUpError(
    `NETWORK, NETWORK_ALLOW, NETWORK_ALLOW_PRIVATE or NETWORK_FOLDER will not do: ${error instanceof Error ? error.message : String(error)}`,
  );
}
