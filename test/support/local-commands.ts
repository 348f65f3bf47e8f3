/** Commands in a real shell on this machine, in a folder that holds the workspace's files for as long as one runs. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { CommandResult, CommandRunner, OutputEvent } from "../../src/agent/agent.ts";
import type { Workspace } from "../../src/workspace/workspace.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** Only for repositories of tests: commands run with this process's rights. */
export function createLocalCommands(workspace: Workspace): CommandRunner {
  return {
    async *run(command, signal) {
      await using folder = await temporaryFolder();
      await checkOut(workspace, folder.path);
      return yield* shell(command, folder.path, signal);
    },
  };
}

async function* shell(
  command: string,
  cwd: string,
  signal: AbortSignal,
): AsyncGenerator<OutputEvent, CommandResult> {
  signal.throwIfAborted();
  // A process group of its own, so that all of it can be ended.
  const child = spawn("/bin/sh", ["-c", command], { cwd, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "close");
  const waiting: OutputEvent[] = [];
  let news = Promise.withResolvers<void>();
  let running = true;
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8").on("data", (data: string) => {
      waiting.push({ type: "output", message: `The command wrote to ${stream}.`, stream, data });
      news.resolve();
    });
  }
  child.once("close", () => {
    running = false;
    news.resolve();
  });
  const kill = () => running && child.pid !== undefined && process.kill(-child.pid, "SIGKILL");
  signal.addEventListener("abort", kill);
  try {
    while (running || waiting.length > 0) {
      const event = waiting.shift();
      if (event !== undefined) yield event;
      else {
        await news.promise;
        news = Promise.withResolvers();
      }
    }
    signal.throwIfAborted();
    const [exitCode] = (await ended) as [number | null];
    return { exitCode };
  } finally {
    signal.removeEventListener("abort", kill);
    kill();
    await ended;
  }
}

async function checkOut(workspace: Workspace, folder: string): Promise<void> {
  const entries = await workspace.list();
  await workspace.prefetch(entries.map(({ path }) => path));
  for (const { path, kind } of entries) {
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    if (kind === "submodule") await mkdir(target);
    else if (kind === "symlink") await symlink("missing", target);
    else {
      await writeFile(target, await workspace.read(path));
      if (kind === "executable") await chmod(target, 0o755);
    }
  }
}
