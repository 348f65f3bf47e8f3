/** Ends whatever commands have left running, even what has hidden from its parents. */
import { readFileSync } from "node:fs";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { lookAtProcesses } from "../src/process/look-at-processes.ts";

export interface ProcessGuard {
  /**
   * Settles once nothing else runs as this process's user; false when that could not be brought about. One after
   * the other, however many are called for: once the last has settled, what this process starts itself is safe.
   */
  endOthers(): Promise<boolean>;
}

const ROUNDS = 200;
const PAUSE_MS = 5;

interface Described {
  readonly parent: number;
  readonly uids: readonly number[];
  readonly zombie: boolean;
}

/**
 * Everything that runs as the user of this process is taken for a command's, but for the process itself and those
 * it came from. Throws when there is such a process already: the user must be this function's own.
 */
export function createProcessGuard(): ProcessGuard {
  const uid = process.getuid?.() ?? 0;
  if (uid === 0) throw new Error("The function must not run as root.");
  const known = ancestors();
  const others = () => {
    const found: number[] = [];
    const all = lookAtProcesses((pid) => {
      if (!known.has(pid) && belongsTo(uid, pid)) found.push(pid);
    });
    return { all, found };
  };
  if (others().found.length > 0) throw new Error("The function needs a user that nothing else runs as.");
  const sweep = async (): Promise<boolean> => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { all, found } = others();
      if (all && found.length === 0) return true;
      // Those that are stopped keep their places: when all are taken, nothing more can be forked.
      if (round % 4 !== 3) signalAll(found, "SIGSTOP");
      else signalAll(found, "SIGKILL");
      await sleep(round % 4 === 3 ? PAUSE_MS : 0);
    }
    return false;
  };
  let last: Promise<unknown> = Promise.resolve();
  return {
    endOthers() {
      const next = last.then(sweep);
      last = next;
      return next;
    },
  };
}

function signalAll(found: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of found) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended.
    }
  }
}

/** This process, its parent, and so on. */
function ancestors(): ReadonlySet<number> {
  const known = new Set<number>();
  for (let pid = process.pid; pid > 0 && !known.has(pid); pid = describe(pid)?.parent ?? 0) known.add(pid);
  return known;
}

function belongsTo(uid: number, pid: number): boolean {
  const described = describe(pid);
  return described !== undefined && !described.zombie && described.uids.includes(uid);
}

/** From what everybody may read, whoever owns the process's folder (proc(5), status). */
function describe(pid: number): Described | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    const field = (name: string) => new RegExp(`^${name}:\\s+(.*)$`, "m").exec(status)?.[1] ?? "";
    return {
      parent: Number(field("PPid")),
      zombie: /^[ZX]/.test(field("State")),
      uids: field("Uid").split(/\s+/).map(Number),
    };
  } catch {
    // It has ended.
    return undefined;
  }
}
