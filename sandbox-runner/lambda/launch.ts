/** Starts a command in the function's own environment: as the same user, and with nothing that was meant for the function. */
import { spawn } from "node:child_process";
import { COMMAND_ENVIRONMENT } from "../src/command-environment.ts";
import { RunnerError } from "../src/errors.ts";
import { type Exit, type Launch, type ProcessLimits, prlimit } from "../src/process/launch.ts";
import type { ProcessGuard } from "./process-guard.ts";

/** Threads of the function itself: the kernel counts them with the command's, as they have the same user. */
const OWN_THREADS = 64;

/** Whatever the memory is used up by: the command is killed for it first. */
const SCRIPT = 'echo 1000 >/proc/self/oom_score_adj; exec /bin/sh -c "$1"';

export function createFunctionLaunch(limits: ProcessLimits, guard: ProcessGuard): Launch {
  return (command, { workspace, home, tmp }) => {
    const [program = "", ...args] = [
      ...prlimit(limits),
      ...[`--nproc=${limits.pids + OWN_THREADS}`, "--", "/bin/sh", "-c", SCRIPT, "sh", command],
    ];
    const child = spawn(program, args, {
      cwd: workspace,
      // Lambda's own variables hold the credentials of the function's role.
      env: {
        PATH: `/usr/local/bin:/usr/bin:/bin:${home}/.local/bin`,
        HOME: home,
        TMPDIR: tmp,
        ...COMMAND_ENVIRONMENT,
        NPM_CONFIG_UPDATE_NOTIFIER: "false",
        PIP_BREAK_SYSTEM_PACKAGES: "1",
        PIP_DISABLE_PIP_VERSION_CHECK: "1",
      },
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const exited = Promise.withResolvers<Exit>();
    child.on("error", (cause) => {
      exited.reject(new RunnerError("provider_unavailable", "The command cannot be started.", { cause }));
    });
    child.on("exit", (code, signal) => {
      void guard.endOthers().then(() => exited.resolve({ code, signal }));
    });
    exited.promise.catch(() => {});
    return {
      stdout: child.stdout,
      stderr: child.stderr,
      exited: exited.promise,
      kill: () => void guard.endOthers(),
    };
  };
}
