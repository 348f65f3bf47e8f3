/**
 * When a conversation is made shorter, and how much.
 *
 * A token that the vendor's cache holds costs a tenth of one that it does not, so that a conversation which
 * only grows is cheap to send again. A compaction changes what was sent before: everything behind the change
 * is paid in full once more. Hence seldom, and then by half: from 60,000 tokens down to 30,000 pays 30,000 once
 * and saves 30,000 cached ones in each turn that follows, which is even after ten turns; a little in
 * each turn would pay in full in each turn.
 */

/** Of the window; the rest is for the answer, and for what guesses of tokens are wrong by. */
const START_SHARE = 0.6;
/** Beyond this, models overlook what is in the middle, whatever their window. */
const START_TOKENS = 60_000;
const TARGET_SHARE = 0.5;
/** Good enough when the target can only be reached at the cost of the last few turns. */
const ENOUGH_SHARE = 0.75;
/** Of the window without the answer: what a guess may be wrong by. */
const LIMIT_SHARE = 0.9;
/** The least that a view can be brought down to. */
const LEAST = 600;
/** What a conversation has to grow by before it is compacted again. */
const GROWTH = 1.25;

export interface WindowSize {
  /** Tokens of the model's window. */
  readonly window: number;
  /** Tokens the answer may have. */
  readonly maxOutput: number;
  /** Tokens of what is sent besides the messages: system prompt and tools. */
  readonly overhead?: number;
}

/** In tokens of messages. */
export interface Bounds {
  /** From here on a conversation is compacted. */
  readonly start: number;
  /** What a compaction aims for while it leaves the last few turns alone. */
  readonly target: number;
  /** What it aims for in the last few turns. */
  readonly enough: number;
  /** Never more than this is sent. */
  readonly limit: number;
}

export function boundsOf({ window, maxOutput, overhead = 0 }: WindowSize): Bounds {
  const limit = Math.max(LEAST, Math.floor((window - maxOutput) * LIMIT_SHARE) - overhead);
  const start = Math.min(Math.floor(window * START_SHARE), START_TOKENS, limit);
  return {
    start,
    target: Math.floor(start * TARGET_SHARE),
    enough: Math.floor(start * ENOUGH_SHARE),
    limit,
  };
}

/** `left`: what the last compaction left. One that could not take much away is not followed by another at once. */
export function shouldCompact(tokens: number, { start, limit }: Bounds, left = 0): boolean {
  return tokens > limit || (tokens > start && tokens > left * GROWTH);
}
