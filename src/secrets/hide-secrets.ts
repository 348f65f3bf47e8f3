/** Takes what looks like a secret out of texts that are published. */
import { scanText } from "./scan-text.ts";

const HIDDEN = "[redacted]";

/** The text with `[redacted]` in place of everything that looks like a secret. */
export async function hideSecrets(text: string): Promise<string> {
  const ranges: { readonly start: number; readonly end: number }[] = [];
  await scanText(text, "", (hit) => {
    ranges.push(hit);
    return true;
  });
  let shown = "";
  let at = 0;
  for (const { start, end } of ranges.toSorted((a, b) => a.start - b.start)) {
    // What two rules found in one place is hidden once.
    if (start >= at) shown += text.slice(at, start) + HIDDEN;
    at = Math.max(at, end);
  }
  return shown + text.slice(at);
}
