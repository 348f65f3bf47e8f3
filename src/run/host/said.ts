/** Keeps a resumed run from saying again what its log already has. */
import type { RecordedEvent, RunEvent } from "../events.ts";

export interface Said {
  /** `seq` of the logged event this one repeats, or undefined when it is new. */
  repeats(event: RunEvent): number | undefined;
  /** True once, when what is said now departs from what an earlier attempt had said. */
  departs(event: RunEvent): boolean;
}

/**
 * `logged` are the events behind the checkpoint. A resumed run does its interrupted step or turn again and
 * mostly says the same; as long as it does, nothing is added. Waits are not part of the comparison.
 */
export function createSaid(logged: readonly RecordedEvent[]): Said {
  const expected = logged.filter((event) => !isWait(event));
  let next = 0;
  return {
    repeats(event) {
      const candidate = expected[next];
      if (candidate === undefined || isWait(event) || essence(event) !== essence(candidate)) return undefined;
      next += 1;
      return candidate.seq;
    },
    departs(event) {
      if (next >= expected.length || isWait(event)) return false;
      next = expected.length;
      return true;
    },
  };
}

function isWait(event: RunEvent): boolean {
  return event.type === "warning" && (event.code === "waiting" || event.code === "resumed");
}

/** An event without what differs between attempts. */
function essence(event: RunEvent): string {
  const { seq: _seq, time: _time, duration_ms: _duration, ...rest } = event as Record<string, unknown>;
  return JSON.stringify(rest);
}
