/** Starts commands as plain processes, for machines without bubblewrap: nothing is kept from them. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { COMMAND_ENVIRONMENT } from "../command-environment.ts";
import { RunnerError } from "../errors.ts";
import { type Exit, type Launch, type ProcessLimits, prlimit } from "./launch.ts";

/** By this, processes that left their group are found again. */
const MARK = "TINY_BACKSPACE_SANDBOX";
/** Processes that start others while they are killed are tried again so often. */
const KILL_ROUNDS = 50;
const KILL_PAUSE_MS = 10;

export function createBareLaunch(limits: ProcessLimits): Launch {
  const prefix = existsSync("/usr/bin/prlimit") ? [...prlimit(limits), "--"] : [];
  return (command, { id, workspace, home, tmp }) => {
    const [program = "/bin/sh", ...args] = [...prefix, "/bin/sh", "-c", command];
    const child = spawn(program, args, {
      cwd: workspace,
      env: {
        PATH: "/usr/local/bin:/usr/bin:/bin",
        HOME: home,
        TMPDIR: tmp,
        ...COMMAND_ENVIRONMENT,
        [MARK]: id,
      },
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const exited = Promise.withResolvers<Exit>();
    child.on("error", (cause) => {
      exited.reject(new RunnerError("provider_unavailable", "Processes cannot be started.", { cause }));
    });
    child.on("exit", (code, signal) => {
      killGroup(child.pid);
      void killMarked(id).then(() => exited.resolve({ code, signal }));
    });
    exited.promise.catch(() => undefined);
    return {
      stdout: child.stdout,
      stderr: child.stderr,
      exited: exited.promise,
      kill: () => killGroup(child.pid),
    };
  };
}

/** The command's process group; its number stays taken while any process is in it. */
function killGroup(leader: number | undefined): void {
  try {
    if (leader !== undefined) process.kill(-leader, "SIGKILL");
  } catch {
    // Nothing is left of it.
  }
}

async function killMarked(id: string): Promise<void> {
  for (let round = 0; round < KILL_ROUNDS; round += 1) {
    const found = await marked(id);
    if (found.length === 0) return;
    for (const pid of found) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended meanwhile.
      }
    }
    await sleep(KILL_PAUSE_MS);
  }
}

/** Processes that were started with the sandbox's mark; none where there is no /proc. */
async function marked(id: string): Promise<number[]> {
  const mark = `${MARK}=${id}`;
  const pids = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const environment = await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "");
      return environment.split("\0").includes(mark) ? [Number(pid)] : [];
    }),
  );
  return found.flat();
}
