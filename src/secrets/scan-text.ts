/** Looks for secrets in a text of any length. */
import type { Hit } from "./rules.ts";

export type { Hit } from "./rules.ts";

/** Characters looked at in one go: 30 ms of work, two seconds for the worst text that was found. */
const PIECE = 4 * 1024 * 1024;
/** No rule's secret is longer: 12,006 characters for a GitHub App's token. */
const OVERLAP = 16 * 1024;

/**
 * Tells every hit once; `take` answers whether to go on. `path` says what file it is, for the rules that
 * apply to some only. Lets other work go on between pieces.
 */
export async function scanText(text: string, path: string, take: (hit: Hit) => boolean): Promise<void> {
  // The rules take 10 ms to set up, which a service that only answers questions need not spend as it starts.
  const { applyRules } = await import("./rules.ts");
  for (let at = 0; at === 0 || at < text.length; at += PIECE) {
    if (at > 0) await new Promise((resolve) => setTimeout(resolve, 0));
    // One character more, since what stands before a secret matters.
    const from = Math.max(0, at - 1);
    let goesOn = true;
    await applyRules(text.slice(from, at + PIECE + OVERLAP), path, ({ kind, start, end }) => {
      const hit = { kind, start: from + start, end: from + end };
      const isOurs = hit.start >= at && hit.start < at + PIECE;
      goesOn = !isOurs || take(hit);
      return goesOn;
    });
    if (!goesOn) return;
  }
}
