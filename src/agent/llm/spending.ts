/** Adds up what turns use, and says when a limit leaves no room for another. */
import type { AgentBudget, UsageEvent } from "../agent.ts";
import type { Price, TokenUsage } from "./model.ts";

/** What all turns so far have used, failed attempts included. */
export interface Spent {
  readonly turns: number;
  readonly input: number;
  readonly cached: number;
  readonly output: number;
  /** Tokens in and out that the vendor did not count. */
  readonly estimated: number;
  readonly usd: number;
}

export const NOTHING_SPENT: Spent = { turns: 0, input: 0, cached: 0, output: 0, estimated: 0, usd: 0 };

/** An answer shorter than this is of no use, so that a limit is hit before it is asked for. */
const SHORTEST_ANSWER = 512;
/** Of tokens and money. */
const NEARLY = 0.85;

export function withTurn(spent: Spent, usage: TokenUsage, price: Price | undefined): Spent {
  return withUsage({ ...spent, turns: spent.turns + 1 }, usage, price);
}

/** Without a turn. */
export function withUsage(spent: Spent, usage: TokenUsage, price: Price | undefined): Spent {
  return {
    turns: spent.turns,
    input: spent.input + usage.input,
    cached: spent.cached + usage.cached,
    output: spent.output + usage.output,
    estimated: spent.estimated + (usage.estimated === true ? usage.input + usage.output : 0),
    usd: spent.usd + (price === undefined ? 0 : costOf(usage, price)),
  };
}

/** In USD. */
function costOf({ input, cached, cacheWrites, output }: TokenUsage, price: Price): number {
  const plain = Math.max(0, input - cached - cacheWrites);
  const millionths =
    plain * price.input + cached * price.cached + cacheWrites * price.cacheWrite + output * price.output;
  return millionths / 1_000_000;
}

/**
 * Tokens the next answer may have, `longest` at most, when the conversation is about `input` tokens long; or the
 * sentence that says which limit leaves no room for it. Costs are reckoned as if nothing had been cached before.
 */
export function allowance(
  spent: Spent,
  budget: AgentBudget,
  price: Price | undefined,
  longest: number,
  input: number,
): number | string {
  if (spent.turns >= budget.maxTurns) {
    return `The run has used all of its ${budget.maxTurns} turns (limits.max_turns).`;
  }
  const tokens = budget.maxTokens - spent.input - spent.output - input;
  if (tokens < SHORTEST_ANSWER) {
    return `The run has used ${spent.input + spent.output} of its ${budget.maxTokens} tokens (limits.max_tokens), which leaves too few for another turn.`;
  }
  const perInput = Math.max(price?.input ?? 0, price?.cacheWrite ?? 0) / 1_000_000;
  const usd = budget.maxCostUsd - spent.usd - input * perInput;
  const perToken = (price?.output ?? 0) / 1_000_000;
  if (usd < perToken * SHORTEST_ANSWER) {
    return `The run has cost $${spent.usd.toFixed(4)} of the $${budget.maxCostUsd} it may cost (limits.max_cost_usd), which leaves too little for another turn.`;
  }
  const affordable = perToken === 0 ? Number.POSITIVE_INFINITY : Math.floor(usd / perToken);
  return Math.min(longest, tokens, affordable);
}

/** What little is left of, when the model should come to an end. */
export function nearlySpent(spent: Spent, budget: AgentBudget): "turns" | "tokens" | "cost" | undefined {
  if (spent.turns + 2 >= budget.maxTurns) return "turns";
  if (spent.input + spent.output > NEARLY * budget.maxTokens) return "tokens";
  return spent.usd > 0 && spent.usd > NEARLY * budget.maxCostUsd ? "cost" : undefined;
}

export function usageEvent({ turns, input, cached, output, estimated, usd }: Spent): UsageEvent {
  const guess = estimated === 0 ? "" : ` ${estimated} of these tokens are an estimate.`;
  return {
    type: "usage",
    message: `Turn ${turns}: ${input} tokens in (${cached} of them cached) and ${output} out so far, $${usd.toFixed(4)}.${guess}`,
    input_tokens: input,
    output_tokens: output,
    cached_tokens: cached,
    // To a millionth of a dollar: sums of fractions have tails.
    cost_usd: Math.round(usd * 1_000_000) / 1_000_000,
    turns,
    ...(estimated === 0 ? {} : { estimated_tokens: estimated }),
  };
}
