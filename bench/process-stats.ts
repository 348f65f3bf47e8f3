/** What a process has cost so far, read from /proc: CPU time to the nanosecond, memory now and at its peak. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

/** CPU time of a process at one moment. */
export interface CpuSnapshot {
  /** Threads that live, in nanoseconds each. */
  readonly threads: ReadonlyMap<string, number>;
  /** The whole process, threads that have ended included, in clock ticks. */
  readonly ticks: number;
}

export interface Memory {
  readonly residentKb: number;
  /** Highest since the process began, or since `resetPeak`. */
  readonly peakKb: number;
}

/** USER_HZ, which Linux fixes at 100 for what it shows to programs (proc_pid_stat(5)). */
const TICK_MS = 10;

/** Reads two files and one for each thread. */
export function cpuSnapshot(pid: number): CpuSnapshot {
  const threads = new Map<string, number>();
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const schedstat = tryRead(`/proc/${pid}/task/${thread}/schedstat`);
    if (schedstat !== undefined) threads.set(thread, Number(schedstat.split(" ")[0]));
  }
  const [, , , , , , , , , , , user = "0", system = "0"] = statFields(
    readFileSync(`/proc/${pid}/stat`, "utf8"),
  );
  return { threads, ticks: Number(user) + Number(system) };
}

/**
 * CPU milliseconds between two snapshots. Threads that live at the end count to the nanosecond. Those
 * that ended in between show in the process's ticks alone, so they count from three ticks on, below
 * which the difference may be rounding.
 */
export function cpuBetween(before: CpuSnapshot, after: CpuSnapshot): number {
  let live = 0;
  for (const [thread, nanoseconds] of after.threads) live += nanoseconds - (before.threads.get(thread) ?? 0);
  const liveMs = live / 1e6;
  const wholeMs = (after.ticks - before.ticks) * TICK_MS;
  return wholeMs - liveMs >= 3 * TICK_MS ? wholeMs : liveMs;
}

export function memoryOf(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kb = (label: string) => Number(new RegExp(`^${label}:\\s+(\\d+) kB$`, "m").exec(status)?.[1] ?? 0);
  return { residentKb: kb("VmRSS"), peakKb: kb("VmHWM") };
}

/** Lets the peak start anew from what is resident now (proc(5), `clear_refs`). */
export function resetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

/** The children of this process that run a program of this name. */
export function childrenNamed(name: string): readonly number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map((pid) => ({ pid: Number(pid), stat: tryRead(`/proc/${pid}/stat`) ?? "" }))
    .filter(({ stat }) => stat.includes(`(${name})`) && Number(statFields(stat)[1]) === process.pid)
    .map(({ pid }) => pid);
}

/** The fields after the program's name, which may hold spaces and brackets of its own. */
function statFields(stat: string): readonly string[] {
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** A thread or process may end between being listed and being read. */
function tryRead(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
