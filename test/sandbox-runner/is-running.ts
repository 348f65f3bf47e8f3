/** Looks at the processes of this machine. */
import { readdir, readFile } from "node:fs/promises";

/** Whether a process of this machine has the words in its command line. */
export async function isRunning(words: string): Promise<boolean> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")),
  );
  return lines.some((line) => line.replaceAll("\0", " ").includes(words));
}
