/** Starts commands inside bubblewrap: own namespaces, no network, no capabilities, nothing of this machine but /usr. */
import { spawn } from "node:child_process";
import { lstat, readlink } from "node:fs/promises";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { COMMAND_ENVIRONMENT } from "../command-environment.ts";
import { RunnerError } from "../errors.ts";
import { PROXY_FOLDER } from "../network/network-command.ts";
import { type Exit, type Launch, type ProcessLimits, prlimit } from "./launch.ts";

export const WORKSPACE = "/workspace";
const HOME = "/home/sandbox";

/** Links into /usr, or folders where /usr is not merged (hier(7), file-hierarchy(7)). */
const ROOT_FOLDERS = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"];
/** Without these, much in /usr cannot be found; they name files and hold nothing. */
const NEEDED_OF_ETC = ["/etc/alternatives", "/etc/ld.so.cache"];

/**
 * PID 1. Everything ends with it, before bwrap does (pid_namespaces(7)). The command is no PID 1 itself, because
 * those are spared by signals they do not handle; what the shell has to say of its end is no output of it.
 */
const INIT = `exec 3>&2 2>/dev/null; (exec 2>&3 3>&-; exec /bin/sh -c "$1"); exit $?`;

export async function createBubblewrap(limits: ProcessLimits): Promise<Launch> {
  const root = (await Promise.all(ROOT_FOLDERS.map(rootFolder))).flat();
  const fixed = [
    "--unshare-user",
    "--unshare-all",
    ...["--uid", "1000", "--gid", "1000"],
    "--die-with-parent",
    "--new-session",
    "--as-pid-1",
    "--clearenv",
    ...["--cap-drop", "ALL"],
    ...["--info-fd", "3"],
    ...["--ro-bind", "/usr", "/usr"],
    ...root,
    ...NEEDED_OF_ETC.flatMap((path) => ["--ro-bind-try", path, path]),
    ...["--proc", "/proc"],
    ...["--dev", "/dev"],
    ...["--setenv", "PATH", "/usr/local/bin:/usr/bin:/bin"],
    ...["--setenv", "HOME", HOME],
    ...Object.entries(COMMAND_ENVIRONMENT).flatMap(([name, value]) => ["--setenv", name, value]),
  ];
  return (command, { workspace, home, tmp, proxy }) => {
    const child = spawn(
      "bwrap",
      [
        ...fixed,
        ...["--bind", tmp, "/tmp", "--bind", home, HOME, "--bind", workspace, WORKSPACE],
        ...(proxy === undefined ? [] : ["--ro-bind", proxy, PROXY_FOLDER]),
        ...["--chdir", WORKSPACE],
        "--",
        ...[...prlimit(limits), `--nproc=${limits.pids}`],
        ...["--", "/bin/sh", "-c", INIT, "sh", command],
      ],
      { stdio: ["ignore", "pipe", "pipe", "pipe"] },
    );
    const exited = Promise.withResolvers<Exit>();
    let running = true;
    child.on("error", (cause) => {
      running = false;
      exited.reject(new RunnerError("provider_unavailable", "bubblewrap cannot be started.", { cause }));
    });
    child.on("exit", (code, signal) => {
      running = false;
      exited.resolve(code === null ? { code, signal } : { code, signal: null });
    });
    exited.promise.catch(() => undefined);
    const [, stdout, stderr, info] = child.stdio as unknown as [null, Readable, Readable, Readable];
    const init = pidOfInit(info);
    return {
      stdout,
      stderr,
      exited: exited.promise,
      kill() {
        // bwrap ends once its PID 1 has: the other way round, nobody would know when all has ended.
        void init.then((pid) => {
          if (running) killProcess(pid ?? child.pid);
        });
      },
    };
  };
}

function killProcess(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}

async function rootFolder(name: string): Promise<string[]> {
  const path = `/${name}`;
  const stats = await lstat(path).catch(() => undefined);
  if (stats === undefined) return [];
  return stats.isSymbolicLink() ? ["--symlink", await readlink(path), path] : ["--ro-bind", path, path];
}

/** As bwrap reports it once the namespace is there; undefined when it ended before. */
async function pidOfInit(info: Readable): Promise<number | undefined> {
  const found = /"child-pid": *(\d+)/.exec(await text(info).catch(() => ""));
  return found === null ? undefined : Number(found[1]);
}
