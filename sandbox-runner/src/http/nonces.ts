/** Remembers which nonces were used, for as long as a request that has one could still be accepted. */

/** A signed request each: 100,000 within the two minutes of the window are 800 requests in a second. */
const MAX_NONCES = 100_000;

export interface Nonces {
  /**
   * Takes a nonce for good. `full` when there is no place to remember it in: none is forgotten early, because a
   * forgotten one could be used again. Times are in seconds since the epoch.
   */
  take(nonce: string, time: number, now: number): "taken" | "reused" | "full";
}

/** `windowSeconds`: a request is accepted until that long after its time. */
export function createNonces(windowSeconds: number, maxNonces = MAX_NONCES): Nonces {
  /** By the last second in which the request could be accepted; few keys, so forgetting is cheap. */
  const byEnd = new Map<number, Set<string>>();
  const known = new Set<string>();

  const forgetUntil = (now: number) => {
    for (const [end, nonces] of byEnd) {
      if (end >= now) continue;
      for (const nonce of nonces) known.delete(nonce);
      byEnd.delete(end);
    }
  };

  return {
    take(nonce, time, now) {
      forgetUntil(now);
      if (known.has(nonce)) return "reused";
      if (known.size >= maxNonces) return "full";
      const end = time + windowSeconds;
      const sameEnd = byEnd.get(end) ?? new Set();
      byEnd.set(end, sameEnd.add(nonce));
      known.add(nonce);
      return "taken";
    },
  };
}
