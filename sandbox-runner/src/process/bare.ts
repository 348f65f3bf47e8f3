/** Starts commands as plain processes, for machines without bubblewrap: nothing is kept from them. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { COMMAND_ENVIRONMENT } from "../command-environment.ts";
import { RunnerError } from "../errors.ts";
import { type Exit, type Launch, type ProcessLimits, prlimit } from "./launch.ts";
import { lookAtProcesses } from "./look-at-processes.ts";

/** By this, processes that left their group are found again. */
const MARK = "TINY_BACKSPACE_SANDBOX";
/** Processes that start others while they are killed are tried again so often. */
const KILL_ROUNDS = 50;
const KILL_PAUSE_MS = 10;
/** PF_KTHREAD in Linux's include/linux/sched.h. */
const KERNEL_THREAD = 0x0020_0000;

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
    let left = false;
    const all = lookAtProcesses((pid) => {
      const found = marked(pid, id);
      if (found === "no") return;
      left = true;
      if (found === "yes") kill(pid);
    });
    if (all && !left) return;
    await sleep(KILL_PAUSE_MS);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}

/** Whether a process was started with the sandbox's mark. None can be seen while it begins another program, or ends. */
function marked(pid: number, id: string): "yes" | "no" | "unknown" {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, "latin1");
    if (environment !== "") return environment.split("\0").includes(`${MARK}=${id}`) ? "yes" : "no";
    return isChanging(readFileSync(`/proc/${pid}/stat`, "latin1")) ? "unknown" : "no";
  } catch {
    // It has ended, or is another user's.
    return "no";
  }
}

/** From proc_pid_stat(5): whether it has no environment yet, or none any more, and is neither dead nor the kernel's. */
function isChanging(stat: string): boolean {
  // The second field is a name in parentheses, of any characters.
  const [state = "", ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const field = (number: number) => Number(fields[number - 4]);
  const [flags, start, end] = [field(9), field(50), field(51)];
  if (/[ZX]/.test(state) || (flags & KERNEL_THREAD) !== 0) return false;
  return start === 0 || end === 0 || end > start;
}
