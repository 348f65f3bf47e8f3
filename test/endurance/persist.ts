/** Asks a service that may be killed at any moment, as often as it takes to get a whole answer. */
import { until } from "../support/until.ts";

const DEADLINE_MS = 120_000;

/** Anything but a lost connection goes through; `undefined` is asked again too. */
export function persist<T>(what: string, ask: () => Promise<T>) {
  return until(
    what,
    async () => {
      try {
        return await ask();
      } catch (error) {
        if (isConnectionLoss(error)) return undefined;
        throw error;
      }
    },
    DEADLINE_MS,
  );
}

/** What fetch throws for a connection that could not be made, or broke. */
export function isConnectionLoss(error: unknown): boolean {
  return error instanceof TypeError && /fetch failed|terminated/.test(error.message);
}
