/** Looks at every process of this machine (proc(5)). */
import { readdirSync } from "node:fs";

/** So often the list is read again while there are new processes in it. */
const PASSES = 100;

/**
 * Calls `look` once with the pid of each process, and of those that they start meanwhile: a process that starts
 * another and ends would otherwise hide it from one reading of the list. False when processes were started faster
 * than they could be looked at. There are none where there is no /proc.
 */
export function lookAtProcesses(look: (pid: number) => void): boolean {
  const seen = new Set<number>();
  for (let pass = 0; pass < PASSES; pass += 1) {
    const fresh = pids().filter((pid) => !seen.has(pid));
    if (fresh.length === 0) return true;
    for (const pid of fresh) {
      seen.add(pid);
      look(pid);
    }
  }
  return false;
}

function pids(): number[] {
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}
