/** A server in a process of its own: ready when it says so, ended by its id, never left behind. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

export interface ServerProcess {
  readonly pid: number;
  /** What the server said it is ready with: the groups of `ready`'s match. */
  readonly ready: RegExpExecArray;
  /** The end of what it has written to its error output. */
  complaints(): string;
  /** SIGKILL, settled once the process is gone. */
  kill(): Promise<void>;
  /** SIGTERM, and SIGKILL for one that does not end within a few seconds. The exit code; null after a signal. */
  stop(): Promise<number | null>;
}

export interface ServerCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** The whole environment; nothing is inherited but PATH and HOME. */
  readonly env: Readonly<Record<string, string>>;
  /** Where the line comes: standard output, or a third descriptor opened for it. */
  readonly readyOn: "stdout" | "descriptor 3";
  readonly ready: RegExp;
}

/** Has Linux end a process when the one that started it is gone, also when that was killed (prctl(2), PR_SET_PDEATHSIG). */
const SETPRIV = "/usr/bin/setpriv";
const WITH_PARENT: readonly string[] = existsSync(SETPRIV) ? [SETPRIV, "--pdeathsig", "KILL", "--"] : [];
const GRACE_MS = 3_000;
const KEPT_COMPLAINTS = 8_000;

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Starts a server. Throws with its complaints when it ends before it is ready. */
export async function startServerProcess(command: ServerCommand): Promise<ServerProcess> {
  const { PATH = "/usr/bin:/bin", HOME = "/tmp" } = process.env;
  const [program = command.command, ...args] = [...WITH_PARENT, command.command, ...command.args];
  const child = spawn(program, args, {
    cwd: command.cwd,
    env: { PATH, HOME, ...command.env },
    stdio: ["ignore", "pipe", "pipe", ...(command.readyOn === "descriptor 3" ? (["pipe"] as const) : [])],
  });
  running.add(child);
  const ended = ending(child);
  let complaints = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    complaints = (complaints + text).slice(-KEPT_COMPLAINTS);
  });
  const source = command.readyOn === "stdout" ? child.stdout : (child.stdio[3] as Readable);
  if (command.readyOn !== "stdout") child.stdout?.resume();
  const announced = source === null ? undefined : announcement(source, command.ready);
  const ready = await Promise.race([announced, ended.then(() => undefined)]);
  const { pid } = child;
  if (ready === undefined || pid === undefined) {
    throw new Error(`${command.command} ended with code ${await ended} before it was ready: ${complaints}`);
  }
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (running.has(child)) child.kill(signal);
    return await ended;
  };
  return {
    pid,
    ready,
    complaints: () => complaints,
    kill: async () => {
      await end("SIGKILL");
    },
    stop: async () => {
      const timer = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
      const code = await end("SIGTERM");
      clearTimeout(timer);
      return code;
    },
  };
}

/** Settles when the process is gone, or could not be started. */
async function ending(child: ChildProcess): Promise<number | null> {
  await once(child, "exit").catch(() => undefined);
  running.delete(child);
  return child.exitCode;
}

/** The first matching line; undefined when the stream ends first. What comes later is read and dropped. */
function announcement(source: Readable, ready: RegExp): Promise<RegExpExecArray | undefined> {
  return new Promise((resolve) => {
    const lines = createInterface(source);
    lines.on("line", (line) => {
      const match = ready.exec(line);
      if (match !== null) resolve(match);
    });
    lines.on("close", () => resolve(undefined));
  });
}
