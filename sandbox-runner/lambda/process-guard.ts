/** Ends whatever commands have left running, even what has hidden from its parents. */
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

export interface ProcessGuard {
  /** Settles once nothing else runs as this process's user; false when that could not be brought about. */
  endOthers(): Promise<boolean>;
}

const ROUNDS = 200;
const PAUSE_MS = 5;

interface Other {
  readonly pid: number;
  readonly parent: number;
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
  const others = () => processesOf(uid).filter(({ pid, zombie }) => !known.has(pid) && !zombie);
  if (others().length > 0) throw new Error("The function needs a user that nothing else runs as.");
  return {
    async endOthers() {
      for (let round = 0; round < ROUNDS; round += 1) {
        const found = others();
        if (found.length === 0) return true;
        // Those that are stopped keep their places: when all are taken, nothing more can be forked.
        if (round % 4 !== 3) signalAll(found, "SIGSTOP");
        else signalAll(found, "SIGKILL");
        await sleep(round % 4 === 3 ? PAUSE_MS : 0);
      }
      return false;
    },
  };
}

function signalAll(found: readonly Other[], signal: NodeJS.Signals): void {
  for (const { pid } of found) {
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

function processesOf(uid: number): Other[] {
  return readdirSync("/proc")
    .filter((name) => /^[0-9]+$/.test(name))
    .map((name) => describe(Number(name)))
    .filter((found) => found?.uids.includes(uid) === true) as Other[];
}

/** From what everybody may read, whoever owns the process's folder (proc(5), status). */
function describe(pid: number): (Other & { readonly uids: readonly number[] }) | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    const field = (name: string) => new RegExp(`^${name}:\\s+(.*)$`, "m").exec(status)?.[1] ?? "";
    return {
      pid,
      parent: Number(field("PPid")),
      zombie: /^[ZX]/.test(field("State")),
      uids: field("Uid").split(/\s+/).map(Number),
    };
  } catch {
    // It has ended.
    return undefined;
  }
}
