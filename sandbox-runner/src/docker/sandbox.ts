/** One sandbox: a container, its waiting shells, and what was uploaded into it. */
import type { BackendSandbox } from "../backend.ts";
import { RunnerError } from "../errors.ts";
import type { SandboxNetwork } from "../network/network.ts";
import { readChanges } from "./changes.ts";
import { putFiles } from "./put.ts";
import { runCommand } from "./run.ts";
import type { DockerSettings } from "./settings.ts";
import type { Shell } from "./shell.ts";
import { createShells, type Shells } from "./shells.ts";
import type { RunningContainer } from "./start.ts";
import { createUploaded } from "./uploaded.ts";

/** For an upload or a look at the changes; longer than a caller may take to send one (UPLOAD_MS in http/body.ts). */
const TRANSFER_MS = 240_000;

/** A started container with shells that wait for an upload and a command. */
export interface Stock {
  readonly running: RunningContainer;
  readonly shells: Shells;
  readonly network: SandboxNetwork | undefined;
}

export function stock(running: RunningContainer, network: SandboxNetwork | undefined): Stock {
  const shells = createShells(running.container, running.user);
  shells.add();
  shells.add();
  return { running, shells, network };
}

/** Settles once nothing of it runs any more. `slow` as for `RunningContainer.end`. */
export async function endStock({ running, shells, network }: Stock, slow = false): Promise<void> {
  shells.close();
  await Promise.all([running.end(slow), network?.close()]);
}

/** `expiresAt` in milliseconds since the epoch. */
export function createSandbox(stocked: Stock, settings: DockerSettings, expiresAt: number): BackendSandbox {
  const { running, shells, network } = stocked;
  const uploaded = createUploaded();
  let ended = false;
  let fresh = true;
  let ending: Promise<void> | undefined;
  const destroy = (slow = false) => {
    ended = true;
    clearTimeout(expiry);
    ending ??= endStock(stocked, slow);
    return ending;
  };
  const seconds = Math.max(0, expiresAt - Date.now()) / 1000;
  running.limitLife(seconds);
  // The container ends itself too, but in whole seconds.
  const expiry = setTimeout(() => destroy().catch(() => {}), seconds * 1000).unref();
  const gone = running.ended.then(async () => {
    await destroy().catch(() => {});
  });
  /** Hands a shell to a job of limited time; the sandbox is of no use when it fails half-way. */
  const withShell = async <T>(signal: AbortSignal, job: (shell: Shell) => Promise<T>): Promise<T> => {
    if (ended) throw new RunnerError("sandbox_lost", "The sandbox has ended.");
    const limit = AbortSignal.timeout(TRANSFER_MS);
    const limited = AbortSignal.any([signal, limit]);
    const shell = await shells.take(limited);
    const hangUp = () => shell.destroy();
    limited.addEventListener("abort", hangUp, { once: true });
    try {
      limited.throwIfAborted();
      const result = await job(shell);
      shells.ensure();
      return result;
    } catch (error) {
      shell.destroy();
      signal.throwIfAborted();
      throw limit.aborted ? tooSlow(error) : error;
    } finally {
      limited.removeEventListener("abort", hangUp);
    }
  };
  return {
    async put(upload, signal) {
      await withShell(signal, (shell) => putFiles(shell, upload, uploaded, fresh, settings.workspaceFiles));
      fresh = false;
    },
    async *exec(command, signal) {
      if (ended) throw new RunnerError("sandbox_lost", "The sandbox has ended.");
      fresh = false;
      network?.allow(command.network);
      try {
        return yield* runCommand(shells, command, async () => await destroy(true).catch(() => {}), signal);
      } finally {
        network?.allow(false);
      }
    },
    async changes(keep, signal) {
      return await withShell(signal, (shell) => readChanges(shell, uploaded, keep, settings));
    },
    refusedHosts: () => network?.takeRefused() ?? [],
    destroy: () => destroy(),
    ended: gone,
  };
}

function tooSlow(cause: unknown): RunnerError {
  const message = `The sandbox was not done with its files within ${TRANSFER_MS / 1000} seconds.`;
  return new RunnerError("provider_unavailable", message, { cause });
}
