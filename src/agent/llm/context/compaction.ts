/** Keeps a conversation inside the model's window, in rare and large steps, so that vendors' caches stay warm. */
import type { Message } from "../model.ts";
import { boundsOf, shouldCompact, type WindowSize } from "./compaction-policy.ts";
import { estimateTokens } from "./tokens.ts";
import { type Compaction, NOT_COMPACTED, recentTurn, turnStarts, viewOf } from "./view.ts";

export interface CompactionInput extends WindowSize {
  /** The whole conversation, which is only ever added to. */
  readonly messages: readonly Message[];
  /** What the last call came to; at first NOT_COMPACTED. */
  readonly compaction: Compaction;
  /** See `estimateTokens`. */
  readonly factor?: number;
}

export interface Fitted {
  /** What to send. */
  readonly view: readonly Message[];
  /** For the next call; the one given, unless something was left out now. */
  readonly compaction: Compaction;
  /** Tokens of `view`, by estimate. */
  readonly tokens: number;
}

/** Characters that results are cut at when the newest of them are too long. */
const RESULT_CUTS = [30_000, 12_000, 5_000, 2_000, 800, 300];
const FIRST_CUT_STEP = 0.8;
/** Of the target: what stubs of old turns may take beside turns that are over the target by themselves. */
const ROOM_FOR_OLD = 0.25;

/** The messages to send next; compacts them when it is time to. */
export function fitted(input: CompactionInput): Fitted {
  const { messages, compaction, factor = 1 } = input;
  const view = viewOf(messages, compaction);
  const tokens = estimateTokens(view, factor);
  if (!shouldCompact(tokens, boundsOf(input), compaction.left * factor)) return { view, compaction, tokens };
  const next = compact(input);
  const shorter = viewOf(messages, next);
  return { view: shorter, compaction: next, tokens: estimateTokens(shorter, factor) };
}

/**
 * Leaves out what matters least until the target is met: reads that later calls made useless, then old
 * results and arguments, then old turns, then those of the last few turns but the newest. What is left is
 * never over the limit: where it has to be, the newest results are cut, then the newest turn and at last
 * the first message. Deterministic; done twice it is as done once.
 *
 * For the loop that is `fitted`'s business, but for a vendor that says the conversation is too long: then
 * this, with a raised `factor`.
 */
export function compact(input: CompactionInput): Compaction {
  const { messages, compaction, factor = 1 } = input;
  const { target, enough, limit } = boundsOf(input);
  const tokensOf = (state: Compaction): number => estimateTokens(viewOf(messages, state), factor);
  if (tokensOf(compaction) <= target) return compaction;

  const starts = turnStarts(messages);
  const { resultsCut: _, firstCut: __, ...before } = compaction;
  let state: Compaction = { ...before, seen: messages.length };
  const done = (found: Compaction): Compaction => ({
    ...found,
    left: estimateTokens(viewOf(messages, found)),
  });

  /** Moves a boundary as far as it takes, or to `end`; true when the goal is met. */
  const move = (boundary: "elidedBefore" | "droppedBefore", end: number, goal: number): boolean => {
    const at = (index: number): Compaction => {
      const moved = { ...state, [boundary]: index };
      return { ...moved, elidedBefore: Math.max(moved.elidedBefore, moved.droppedBefore) };
    };
    const stops = [state[boundary], ...starts.filter((start) => start > state[boundary] && start <= end)];
    const found = firstWhere(stops, (index) => tokensOf(at(index)) <= goal);
    state = at(found ?? stops.at(-1) ?? 0);
    return found !== undefined;
  };

  /** The goal, or what the turns from `start` on take anyway and some room for those before: nothing is gained by less. */
  const within = (goal: number, start: number): number => {
    const floor = tokensOf({ ...NOT_COMPACTED, seen: messages.length, droppedBefore: start });
    return Math.min(limit, Math.max(goal, floor + target * ROOM_FOR_OLD));
  };

  const recent = recentTurn(starts);
  const newest = recentTurn(starts, 1);
  if (move("elidedBefore", recent, target)) return done(state);
  move("droppedBefore", recent, within(target, recent));
  if (tokensOf(state) <= enough) return done(state);
  if (move("elidedBefore", newest, enough)) return done(state);
  move("droppedBefore", newest, within(enough, newest));

  const fits = (one: Compaction): boolean => tokensOf(one) <= limit;
  if (fits(state)) return done(state);
  const whole = state;
  const cut = RESULT_CUTS.map((resultsCut) => ({ ...whole, resultsCut })).find(fits);
  if (cut !== undefined) return done(cut);
  state = { ...whole, elidedBefore: messages.length, droppedBefore: messages.length };
  const first = messages[0];
  for (let firstCut = first?.role === "user" ? first.text.length : 0; firstCut >= 1 && !fits(state); ) {
    firstCut = Math.floor(firstCut * FIRST_CUT_STEP);
    state = { ...state, firstCut };
  }
  return done(state);
}

/** The first item that holds, when the last does; by halves, so items should hold from some point on. */
function firstWhere(items: readonly number[], holds: (item: number) => boolean): number | undefined {
  let high = items.length - 1;
  const last = items[high];
  if (last === undefined || !holds(last)) return undefined;
  let low = -1;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    const item = items[middle];
    if (item !== undefined && holds(item)) high = middle;
    else low = middle;
  }
  return items[high];
}
