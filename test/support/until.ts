/** The one way tests wait: for a condition somebody could observe, never for a time. */
import { setTimeout as sleep } from "node:timers/promises";

const PAUSE_MS = 10;

/**
 * Asks again and again until the answer is neither `undefined`, `null` nor `false`, and returns it. What the
 * condition throws goes through. Throws a sentence with `what` when the deadline passes first.
 */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  deadlineMs = 20_000,
): Promise<Exclude<T, undefined | null | false>> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const answer = await condition();
    if (answer !== undefined && answer !== null && answer !== false) {
      return answer as Exclude<T, undefined | null | false>;
    }
    if (performance.now() > deadline) throw new Error(`${what}: not within ${deadlineMs} ms`);
    await sleep(PAUSE_MS);
  }
}
