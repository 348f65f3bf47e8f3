/** The native pipeline: bash, git, sed and curl, each run in a folder of its own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { type Contender, type Finished, type Job, newBranchName } from "./contender.ts";

const SCRIPT = fileURLToPath(new URL("native.sh", import.meta.url));
/** GNU time: the one way to the largest resident size among a tree of processes that costs none of its time. */
const GNU_TIME = "/usr/bin/time";

/**
 * Wall time from the script's first to its last line; CPU of bash and all it waited for, by its `times`.
 * Its clones stay in `folder`: ext4 without a journal looks at every inode that was deleted in the last
 * minutes before it makes a new one (fs/ext4/ialloc.c, `recently_deleted`), so tidying up between runs
 * would make each slower than the one before.
 */
export function createNative(job: Job, folder: string): Contender {
  return { name: "native", run: () => runOnce(job, folder), close: async () => {} };
}

async function runOnce(job: Job, folder: string): Promise<Finished> {
  const dir = await mkdtemp(join(folder, "native-"));
  const branch = newBranchName();
  await writeFile(join(dir, "gitconfig"), configuration(job.token));
  const peakFile = join(dir, "peak");
  const timed = existsSync(GNU_TIME) ? [GNU_TIME, "-f", "%M", "-o", peakFile] : [];
  const [program = "bash", ...args] = [...timed, "bash", SCRIPT];
  const child = spawn(program, args, { cwd: dir, env: environment(job, dir, branch), stdio: "pipe" });
  child.stdin.end();
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  if (code !== 0) throw new Error(`the native pipeline ended with ${code}: ${errors}`);
  const memoryKb = timed.length === 0 ? Number.NaN : Number(await readFile(peakFile, "utf8"));
  return { branch, ...readTimes(output), memoryKb };
}

/** Credentials go with the first request, which saves git the one that is answered 401. */
function configuration(token: string): string {
  const basic = Buffer.from(`x-access-token:${token}`).toString("base64");
  return `[user]
\tname = Bench
\temail = bench@localhost.invalid
[http]
\textraHeader = "Authorization: Basic ${basic}"
`;
}

function environment(job: Job, dir: string, branch: string): Record<string, string> {
  const { apiUrl, cloneUrl, fullName, token, edit } = job;
  return {
    PATH: process.env["PATH"] ?? "/usr/bin:/bin",
    HOME: dir,
    LC_ALL: "C",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: join(dir, "gitconfig"),
    GIT_TERMINAL_PROMPT: "0",
    API_URL: apiUrl,
    CLONE_URL: cloneUrl,
    FULL_NAME: fullName,
    TOKEN: token,
    BRANCH: branch,
    FILE: edit.path,
    FROM: edit.from,
    TO: edit.to,
    TITLE: `Replace ${edit.from} in ${edit.path}`,
  };
}

/** Reads `began ended` in seconds, then bash's `times`: the shell's user and system time, then its children's. */
export function readTimes(output: string): Pick<Finished, "beganAt" | "wallMs" | "cpuMs"> {
  const [began, ended] = output.split("\n", 1)[0]?.split(" ").map(Number) ?? [];
  const spans = [...output.matchAll(/(\d+)m([\d.]+)s/g)];
  if (began === undefined || ended === undefined || spans.length !== 4) {
    throw new Error(`the native pipeline's times cannot be read: ${output}`);
  }
  const seconds = spans.reduce((sum, [, minutes, rest]) => sum + Number(minutes) * 60 + Number(rest), 0);
  return { beganAt: began * 1000, wallMs: (ended - began) * 1000, cpuMs: seconds * 1000 };
}
