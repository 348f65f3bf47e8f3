/** Sandboxes as processes of this machine, for developers who have no container engine. */
import { mkdtemp, readdir } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import type { Backend, BackendSandbox, CreateOptions } from "../backend.ts";
import { RunnerError } from "../errors.ts";
import { randomId } from "../ids.ts";
import type { Network } from "../network/network.ts";
import { type CommonSettings, SetUpError } from "../settings.ts";
import { createBareLaunch } from "./bare.ts";
import { createBubblewrap } from "./bubblewrap.ts";
import type { ProcessLimits } from "./launch.ts";
import { createSandbox, removeFolder } from "./sandbox.ts";

export interface ProcessSettings extends CommonSettings {
  /** Whether to go on where it is not safe: without bubblewrap, or reachable from other machines. */
  readonly unsafe: boolean;
  /** Where the runner listens. */
  readonly host: string;
}

const FOLDER = "tiny-backspace-process-";
const CHECK_MS = 10_000;

/**
 * With `proxies`, sandboxes may have the network when the settings say so; without bubblewrap nothing keeps them
 * from it. Throws SetUpError where it would not be safe, unless it is forced.
 */
export async function createProcessBackend(settings: ProcessSettings, proxies?: Network): Promise<Backend> {
  const { unsafe, host, archive } = settings;
  if (!unsafe && !isLoopback(host)) {
    throw new SetUpError(
      "The process backend is for a developer's own machine, and HOST is not a loopback address: set HOST to 127.0.0.1, or SANDBOX_BACKENDS to docker. (PROCESS_BACKEND_UNSAFE=true goes on all the same.)",
    );
  }
  const limits: ProcessLimits = {
    memoryMb: settings.limits.memory_limit_mb,
    fileBytes: settings.workspaceMb * 1_048_576,
    openFiles: settings.openFilesLimit,
    pids: settings.pidsLimit,
  };
  await removeStale();
  const folder = await mkdtemp(join(tmpdir(), `${FOLDER}${process.pid}-`));
  const sandboxes = new Set<BackendSandbox>();
  let launch = await createBubblewrap(limits);
  let confined = true;
  const within = proxies === undefined ? "none" : settings.network;

  const create = async (options: CreateOptions): Promise<BackendSandbox> => {
    const network = confined ? await proxies?.open(options.id) : undefined;
    const sandbox = await createSandbox(folder, options, launch, archive, network).catch(async (error) => {
      await network?.close();
      throw error;
    });
    sandboxes.add(sandbox);
    void sandbox.ended.then(() => sandboxes.delete(sandbox));
    return sandbox;
  };

  /** Throws RunnerError with what was wrong. */
  const check = async (signal: AbortSignal): Promise<void> => {
    const sandbox = await create({ id: randomId(), expiresAt: Date.now() + CHECK_MS });
    try {
      const run = sandbox.exec({ command: "true", timeoutMs: CHECK_MS, network: false }, signal);
      let said = "";
      let step = await run.next();
      for (; step.done !== true; step = await run.next()) said += new TextDecoder().decode(step.value.bytes);
      if (step.value.exitCode === 0) return;
      throw new RunnerError("provider_unavailable", "A command could not be run.", {
        cause: new Error(said),
      });
    } finally {
      await sandbox.destroy();
    }
  };

  try {
    await check(AbortSignal.timeout(CHECK_MS));
  } catch (error) {
    if (!unsafe) {
      await removeFolder(folder);
      throw new SetUpError(
        `The process backend needs bubblewrap, and it does not work here (${reasonOf(error)}): install it (apt-get install bubblewrap) and allow unprivileged user namespaces, or set SANDBOX_BACKENDS to docker. (PROCESS_BACKEND_UNSAFE=true goes on without it: commands can then do whatever you can.)`,
      );
    }
    launch = createBareLaunch(limits);
    confined = false;
  }

  return {
    provider: "process",
    // Nothing holds processes back from using every core.
    limits: { ...settings.limits, cpu_limit: availableParallelism() },
    network: confined ? within : "always",
    create,
    check,
    async close() {
      await Promise.all([...sandboxes].map((sandbox) => sandbox.destroy()));
      await removeFolder(folder);
    },
  };
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(?:\.\d{1,3}){3}$/.test(host);
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return (cause instanceof Error ? cause.message : String(cause)).trim().slice(0, 300);
}

/** What runners that were killed have left behind. */
async function removeStale(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = new RegExp(`^${FOLDER}(\\d+)-\\w{6}$`).exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) {
      await removeFolder(join(tmpdir(), name)).catch(() => undefined);
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
