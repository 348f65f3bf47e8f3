/** Wakes runs at their time in a process, as a Durable Object's alarm does. */

export interface Alarms {
  /** Replaces what was set for this run. Milliseconds since the epoch. */
  set(id: string, at: number): void;
  close(): void;
}

/** Timers count in 32 bits; what is further away is looked at again. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** How soon a run whose waking failed is woken again. */
const AGAIN_MS = 2_000;

/** `wake` is called once at a time for each run; when it fails it is called again. */
export function createAlarms(
  wake: (id: string) => Promise<void>,
  report: (error: unknown, where: string) => void,
): Alarms {
  const timers = new Map<string, ReturnType<typeof setTimeout>>();
  const awake = new Set<string>();
  /** Set while their run was awake. */
  const next = new Map<string, number>();
  let closed = false;

  function set(id: string, at: number): void {
    if (closed) return;
    if (awake.has(id)) {
      next.set(id, at);
      return;
    }
    clearTimeout(timers.get(id));
    const wait = Math.max(0, at - Date.now());
    const ring = wait > LONGEST_TIMER_MS ? () => set(id, at) : () => start(id);
    timers.set(id, setTimeout(ring, Math.min(wait, LONGEST_TIMER_MS)));
  }

  function start(id: string): void {
    timers.delete(id);
    awake.add(id);
    wake(id)
      .catch((error: unknown) => {
        report(error, `waking run ${id}`);
        next.set(id, Date.now() + AGAIN_MS);
      })
      .finally(() => {
        awake.delete(id);
        const at = next.get(id);
        next.delete(id);
        if (at !== undefined) set(id, at);
      });
  }

  return {
    set,
    close() {
      closed = true;
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}
