/** A Worker in a workerd whose process is known, so that what a request costs it can be read. */
import { setTimeout as sleep } from "node:timers/promises";
import { type RunningWorker, startWorker, type WorkerOptions } from "../test/support/worker.ts";
import { childrenNamed, cpuBetween, cpuSnapshot, memoryOf, resetPeak } from "./process-stats.ts";

export interface MeasuredWorker extends RunningWorker {
  readonly pid: number;
  /** Runs the work and says what it cost this workerd. */
  measure<T>(work: () => Promise<T>): Promise<Measured<T>>;
}

interface Measured<T> {
  readonly value: T;
  /** Milliseconds since the epoch. */
  readonly beganAt: number;
  readonly wallMs: number;
  readonly cpuMs: number;
  /** Highest resident memory while it ran above what was resident before. */
  readonly memoryKb: number;
}

/** Background threads end what the work began (garbage collection, compilation) before CPU is read. */
const SETTLE_MS = 25;

/** Throws when another workerd of this process starts at the same time. */
export async function startMeasured(options: WorkerOptions): Promise<MeasuredWorker> {
  const before = new Set(childrenNamed("workerd"));
  const worker = await startWorker(options);
  const [pid, ...more] = childrenNamed("workerd").filter((child) => !before.has(child));
  if (pid === undefined || more.length > 0) {
    await worker.stop();
    throw new Error(`expected one new workerd, found ${pid === undefined ? 0 : more.length + 1}`);
  }
  return {
    ...worker,
    pid,
    async measure(work) {
      const resident = memoryOf(pid).residentKb;
      resetPeak(pid);
      const cpu = cpuSnapshot(pid);
      const beganAt = Date.now();
      const began = performance.now();
      const value = await work();
      const wallMs = performance.now() - began;
      await sleep(SETTLE_MS);
      const cpuMs = cpuBetween(cpu, cpuSnapshot(pid));
      return { value, beganAt, wallMs, cpuMs, memoryKb: memoryOf(pid).peakKb - resident };
    },
  };
}
