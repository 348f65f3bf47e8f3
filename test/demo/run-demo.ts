/** Runs the demo as a user's shell would, in an environment by which everything it starts can be found again. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";

export interface RunningDemo extends AsyncDisposable {
  readonly child: ChildProcess;
  /** What it has written so far; escape codes and all. */
  readonly written: { readonly stdout: string; readonly stderr: string };
  /** Settles when standard output has all of these in it; throws when it ends without. */
  says(...texts: string[]): Promise<void>;
  ended(): Promise<DemoResult>;
  /** Command lines of what it started and what runs now, itself included. */
  processes(): Promise<string[]>;
  /** What is in its temporary folder now. */
  files(): Promise<string[]>;
}

export interface DemoResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface DemoLaunch {
  readonly env?: Readonly<Record<string, string>>;
  /** Runs it under a pseudo terminal of this size; keys typed go to `child.stdin`. */
  readonly terminal?: { readonly columns: number; readonly rows: number };
}

const DEMO = fileURLToPath(new URL("demo.ts", import.meta.url));

/** A prompt with one small, fixed change, and its diff. */
export const HELLO = 'Create a file docs/hello.md with the content "Hello"';

/** Runs the demo to its end. Fails when a process or a file of it is left. */
export async function runDemo(args: readonly string[], launch?: DemoLaunch): Promise<DemoResult> {
  await using demo = await startDemo(args, launch);
  const result = await demo.ended();
  expect(await remains(demo)).toEqual({ processes: [], files: [] });
  return result;
}

/** What is left of a demo. */
export async function remains(demo: RunningDemo) {
  return { processes: await demo.processes(), files: await demo.files() };
}

/** Output with what differs from run to run named instead: ports, ids, times, bytes, and how far a fetch had come. */
export function steady(text: string): string[] {
  return text
    .replace(/127\.0\.0\.1:\d+/g, "HOST")
    .replace(/-[a-z0-9]{8}(?=[.\s]|$)/gm, "-ID")
    .replace(/\b[0-9a-f]{10}\b/g, "COMMIT")
    .replace(/ \(\d[\d.]* m?s\)/g, "")
    .replace(/ {2,}\d[\d.]* m?s$/gm, "")
    .replace(/\d+ bytes/g, "BYTES")
    .replace(/^\d+ progress clone: Received .*\n/gm, "")
    .replace(/^\d+ (?=[a-z])/gm, "")
    .trimEnd()
    .split("\n");
}

export const helloDiff = [
  "diff --git a/docs/hello.md b/docs/hello.md",
  "new file mode 100644",
  "index 0000000..e965047",
  "--- /dev/null",
  "+++ b/docs/hello.md",
  "@@ -0,0 +1 @@",
  "+Hello",
];

/** Starts the demo with a temporary folder of its own. */
export async function startDemo(args: readonly string[], launch: DemoLaunch = {}): Promise<RunningDemo> {
  const dir = await mkdtemp(join(tmpdir(), "demo-test-"));
  const env = {
    PATH: `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`,
    HOME: dir,
    TMPDIR: dir,
    TERM: "xterm-256color",
    LANG: "C.UTF-8",
    ...launch.env,
  };
  const command = [process.execPath, DEMO, ...args];
  const { terminal } = launch;
  const [program = "", ...rest] = terminal === undefined ? command : underTerminal(command, terminal);
  const child = spawn(program, rest, { env, cwd: dir, stdio: ["pipe", "pipe", "pipe"] });
  const written = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    written.stdout += chunk;
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    written.stderr += chunk;
  });
  const closed = once(child, "close");

  return {
    child,
    written,
    says: async (...texts) => {
      const missing = () => texts.filter((text) => !written.stdout.includes(text));
      while (missing().length > 0) {
        const more = await Promise.race([once(child.stdout, "data"), closed.then(() => undefined)]);
        if (more === undefined && missing().length > 0) {
          throw new Error(
            `The demo ended without saying ${JSON.stringify(missing())}: ${JSON.stringify(written)}`,
          );
        }
      }
    },
    ended: async () => {
      const [code] = await closed;
      return { code, ...written };
    },
    processes: () => processesWith(`TMPDIR=${dir}`, `HOME=${dir}/`),
    files: () => readdir(dir),
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM");
      await closed;
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** script(1) of util-linux gives a program a terminal; stty(1) gives that a size. */
function underTerminal(
  command: readonly string[],
  { columns, rows }: { columns: number; rows: number },
): string[] {
  const quoted = command.map((part) => `'${part.replaceAll("'", "'\\''")}'`).join(" ");
  return ["script", "-qec", `stty columns ${columns} rows ${rows}; exec ${quoted}`, "/dev/null"];
}

/** Processes whose environment holds one of these, by proc(5). */
async function processesWith(...entries: readonly string[]): Promise<string[]> {
  const ids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    ids.map(async (id) => {
      try {
        const environment = await readFile(`/proc/${id}/environ`, "utf8");
        if (!environment.split("\0").some((entry) => entries.some((wanted) => entry.startsWith(wanted))))
          return [];
        return [(await readFile(`/proc/${id}/cmdline`, "utf8")).replaceAll("\0", " ").trim()];
      } catch {
        // It has ended since, or is somebody else's.
        return [];
      }
    }),
  );
  return found.flat().filter((command) => command !== "");
}
