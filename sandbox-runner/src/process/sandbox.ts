/** One sandbox: a few folders, and the command that runs in them. */
import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { ArchiveLimits } from "../archive/archive.ts";
import type { BackendSandbox, CreateOptions } from "../backend.ts";
import { createFolderWorkspace } from "../folder/workspace.ts";
import type { SandboxNetwork } from "../network/network.ts";
import { networkCommand } from "../network/network-command.ts";
import type { Launch } from "./launch.ts";
import { runCommand } from "./run-command.ts";

const run = promisify(execFile);

/** In a folder of its own below `folder`, which goes with it, and so does `network`. */
export async function createSandbox(
  folder: string,
  { id, expiresAt }: CreateOptions,
  launch: Launch,
  archive: ArchiveLimits,
  network?: SandboxNetwork,
): Promise<BackendSandbox> {
  const own = join(folder, id);
  const place = {
    id,
    workspace: join(own, "workspace"),
    home: join(own, "home"),
    tmp: join(own, "tmp"),
    proxy: network?.folder,
  };
  for (const path of [place.workspace, place.home, place.tmp]) await mkdir(path, { recursive: true });
  const workspace = createFolderWorkspace(place.workspace, archive);
  const ending = new AbortController();
  const ended = Promise.withResolvers<void>();
  const running = new Set<Promise<void>>();
  let destroyed: Promise<void> | undefined;

  const destroy = (): Promise<void> => {
    destroyed ??= (async () => {
      clearTimeout(timer);
      ending.abort(new DOMException("The sandbox was destroyed.", "AbortError"));
      await Promise.all(running);
      ended.resolve();
      await Promise.all([removeFolder(own), network?.close()]);
    })();
    return destroyed;
  };
  const timer = setTimeout(() => void destroy().catch(() => undefined), expiresAt - Date.now());

  const either = (signal: AbortSignal) => AbortSignal.any([signal, ending.signal]);
  return {
    put: (upload, signal) => workspace.put(upload, either(signal)),
    async *exec(command, signal) {
      const over = Promise.withResolvers<void>();
      running.add(over.promise);
      const online = command.network && network !== undefined;
      const line = online ? networkCommand(command.command) : command.command;
      network?.allow(online);
      try {
        return yield* runCommand(launch, place, { ...command, command: line }, either(signal));
      } finally {
        network?.allow(false);
        running.delete(over.promise);
        over.resolve();
      }
    },
    changes: (keep, signal) => workspace.changes(keep, either(signal)),
    refusedHosts: () => network?.takeRefused() ?? [],
    destroy,
    ended: ended.promise,
  };
}

/** By `rm`, which gets into folders that are nested deeper than a path can say. */
export async function removeFolder(path: string): Promise<void> {
  await run("rm", ["-rf", "--", path]).catch(async () => {
    // Commands may take away their own right to look into folders.
    await run("chmod", ["-R", "u+rwX", "--", path]).catch(() => undefined);
    await run("rm", ["-rf", "--", path]);
  });
}
