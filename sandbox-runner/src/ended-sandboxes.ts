/** Remembers for a while which sandboxes there were, so that their callers learn what happened to them. */

const REMEMBERED_MS = 600_000;
const MAX_REMEMBERED = 10_000;

export interface EndedSandboxes {
  /** Times are in milliseconds since the epoch. */
  add(id: string, sentence: string, now: number): void;
  /** Why a sandbox ended; undefined for one that never was, or has been forgotten. */
  sentenceOf(id: string, now: number): string | undefined;
}

export function createEndedSandboxes(): EndedSandboxes {
  /** In the order in which they ended. */
  const ended = new Map<string, { readonly sentence: string; readonly until: number }>();
  return {
    add(id, sentence, now) {
      for (const [old, { until }] of ended) {
        if (until > now && ended.size < MAX_REMEMBERED) break;
        ended.delete(old);
      }
      ended.set(id, { sentence, until: now + REMEMBERED_MS });
    },
    sentenceOf(id, now) {
      const found = ended.get(id);
      return found !== undefined && found.until > now ? found.sentence : undefined;
    },
  };
}
