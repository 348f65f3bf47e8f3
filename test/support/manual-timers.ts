/** Time that passes when a test says so. */
import type { StartTimer } from "../../src/http/timers.ts";

export interface ManualTimers {
  readonly startTimer: StartTimer;
  /** The milliseconds of the timers that are running, in the order they were started. */
  running(): number[];
  /** Lets the oldest running timer of this length go off. */
  fire(milliseconds: number): void;
}

export function manualTimers(): ManualTimers {
  const timers = new Set<{ run: () => void; milliseconds: number }>();
  return {
    startTimer(run, milliseconds) {
      const timer = { run, milliseconds };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    running: () => [...timers].map((timer) => timer.milliseconds),
    fire(milliseconds) {
      const timer = [...timers].find((candidate) => candidate.milliseconds === milliseconds);
      if (timer === undefined) throw new Error(`no timer of ${milliseconds} ms is running`);
      timers.delete(timer);
      timer.run();
    },
  };
}
