/** Replaces what looks like a well-known kind of token, even one the service does not know. */
import type { StreamRedactor } from "./scanner.ts";

/**
 * GitHub, OpenAI, Anthropic and AWS tokens, by the prefixes their issuers document and at lengths that
 * ordinary words do not reach. Each alternative consumes disjoint runs, so matching is linear.
 */
const SHAPES = new RegExp(
  "(?<![A-Za-z0-9_])(?:" +
    [
      "gh[pousr]_[A-Za-z0-9]{36,}",
      "ghs_[0-9]+_[A-Za-z0-9_.-]{36,}",
      "github_pat_[A-Za-z0-9_]{36,}",
      "sk-(?:proj|svcacct|admin|ant-[a-z0-9]+)-[A-Za-z0-9_-]{20,}",
      "sk-[A-Za-z0-9]{32,}",
      "(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])",
    ].join("|") +
    ")",
  "g",
);

const PREFIXES = ["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "sk-", "AKIA", "ASIA"];
const PREFIX = new RegExp(`(?<![A-Za-z0-9_])(?:${PREFIXES.join("|")})`);
const LONGEST_PREFIX = Math.max(...PREFIXES.map((prefix) => prefix.length));
/** No issuer's tokens are longer; an endless run of token characters is not held back. */
const MAX_HELD = 1_024;

export function redactShapes(text: string, replacement: string): string {
  return text.replace(SHAPES, replacement);
}

/** The same over a stream: a run of token characters that began with a prefix waits for its end. */
export function createShapeStream(replacement: string): StreamRedactor {
  let held = "";
  /** Stands for the character before `held`: one that a token may follow, or one that it may not. */
  let before = " ";

  const release = (end: number): string => {
    const out = held.slice(0, end);
    if (out === "") return "";
    const redacted = redactShapes(before + out, replacement).slice(1);
    before = /[A-Za-z0-9_]$/.test(out) ? "0" : " ";
    held = held.slice(end);
    return redacted;
  };

  return {
    push(chunk) {
      held += chunk;
      return release(beginningOfToken(before + held) - 1);
    },
    flush() {
      const out = release(held.length);
      before = " ";
      return out;
    },
  };
}

/** Where the token starts that the end of `text` may be part of; the text's length when there is none. */
function beginningOfToken(text: string): number {
  let run = text.length;
  while (run > 1 && text.length - run < MAX_HELD && /[A-Za-z0-9_.-]/.test(text.charAt(run - 1))) run -= 1;
  // One more character, for the boundary in front.
  const from = run - 1;
  const whole = PREFIX.exec(text.slice(from));
  if (whole !== null) return from + whole.index;
  for (let start = Math.max(run, text.length - LONGEST_PREFIX + 1); start < text.length; start += 1) {
    const end = text.slice(start);
    if (/[A-Za-z0-9_]/.test(text.charAt(start - 1))) continue;
    if (PREFIXES.some((prefix) => prefix.startsWith(end))) return start;
  }
  return text.length;
}
