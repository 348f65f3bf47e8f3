/** What turns add up to, and when a limit leaves no room for another. */
import { describe, expect, test } from "vitest";
import {
  allowance,
  NOTHING_SPENT,
  nearlySpent,
  type Spent,
  usageEvent,
  withTurn,
} from "../../../src/agent/llm/spending.ts";

const PRICE = { input: 3, cached: 0.3, cacheWrite: 3.75, output: 15 };
const deadline = new AbortController().signal;
const BUDGET = { maxTurns: 30, maxTokens: 1_000_000, maxCostUsd: 2, deadline };
const SPENT: Spent = { turns: 3, input: 10_000, cached: 4000, output: 500, estimated: 0, usd: 0.25 };

describe("what is spent", () => {
  test("adds up turn by turn, each kind of token at its own price", () => {
    const usage = { input: 10_000, cached: 6000, cacheWrites: 1000, output: 200 };
    const once = withTurn(NOTHING_SPENT, usage, PRICE);
    const usd = (3000 * 3 + 6000 * 0.3 + 1000 * 3.75 + 200 * 15) / 1e6;
    expect(once).toEqual({ turns: 1, input: 10_000, cached: 6000, output: 200, estimated: 0, usd });
    expect(withTurn(once, usage, { ...PRICE, output: 0 })).toEqual({
      turns: 2,
      input: 20_000,
      cached: 12_000,
      output: 400,
      estimated: 0,
      usd: usd + (3000 * 3 + 6000 * 0.3 + 1000 * 3.75) / 1e6,
    });
  });

  test("costs nothing that is known without a price", () => {
    const usage = { input: 100, cached: 0, cacheWrites: 0, output: 10 };
    expect(withTurn(SPENT, usage, undefined)).toEqual({ ...SPENT, turns: 4, input: 10_100, output: 510 });
  });

  test("is never less than nothing for a vendor that counts more cached tokens than there are", () => {
    const usage = { input: 100, cached: 150, cacheWrites: 0, output: 0 };
    expect(withTurn(NOTHING_SPENT, usage, PRICE).usd).toBeCloseTo((150 * 0.3) / 1e6, 12);
  });

  test("is told in whole, to a millionth of a dollar", () => {
    expect(usageEvent({ ...SPENT, usd: 0.1 + 0.2 + 0.000_000_4 })).toEqual({
      type: "usage",
      message: "Turn 3: 10000 tokens in (4000 of them cached) and 500 out so far, $0.3000.",
      input_tokens: 10_000,
      output_tokens: 500,
      cached_tokens: 4000,
      cost_usd: 0.3,
      turns: 3,
    });
  });
});

describe("the next answer", () => {
  const room = (
    budget: Partial<typeof BUDGET>,
    more: { spent?: Spent; price?: typeof PRICE | undefined } = {},
  ) => {
    const { spent = SPENT, price = "price" in more ? more.price : PRICE } = more;
    return allowance(spent, { ...BUDGET, ...budget }, price, 8000, 4000);
  };

  test("may be as long as the model's longest while limits are far", () => {
    expect(room({})).toBe(8000);
    expect(room({ maxCostUsd: 0 }, { price: undefined, spent: { ...SPENT, usd: 0 } })).toBe(8000);
  });

  test("may use the last turn, and none behind it", () => {
    expect(room({ maxTurns: 4 })).toBe(8000);
    expect(room({ maxTurns: 3 })).toBe("The run has used all of its 3 turns (limits.max_turns).");
  });

  test("is as long as the tokens that are left without what is sent, down to 512", () => {
    // 10,500 are used and 4,000 are going to be sent
    expect(room({ maxTokens: 14_500 + 7999 })).toBe(7999);
    expect(room({ maxTokens: 14_500 + 512 })).toBe(512);
    expect(room({ maxTokens: 14_500 + 511 })).toBe(
      "The run has used 10500 of its 15011 tokens (limits.max_tokens), which leaves too few for another turn.",
    );
  });

  test("is as long as the money that is left buys, with all that is sent at its dearest", () => {
    const before = 0.25 + (4000 * 3.75) / 1e6;
    const forAnswer = (tokens: number): number => before + (tokens * 15 + 1) / 1e6;
    expect(room({ maxCostUsd: forAnswer(7999) })).toBe(7999);
    expect(room({ maxCostUsd: forAnswer(512) })).toBe(512);
    expect(room({ maxCostUsd: 0.27 })).toBe(
      "The run has cost $0.2500 of the $0.27 it may cost (limits.max_cost_usd), which leaves too little for another turn.",
    );
  });

  test("never costs more than is left, whatever of it is cached", () => {
    for (const [cached, cacheWrites] of [
      [0, 0],
      [4000, 0],
      [0, 4000],
      [1000, 3000],
    ] as const) {
      const maxCostUsd = 0.3;
      const output = room({ maxCostUsd });
      if (typeof output === "string") throw new Error(output);
      const after = withTurn(SPENT, { input: 4000, cached, cacheWrites, output }, PRICE);
      expect(after.usd).toBeLessThanOrEqual(maxCostUsd);
    }
  });
});

describe("the end is near", () => {
  test.each([
    [{}, undefined],
    [{ maxTurns: 6 }, undefined],
    [{ maxTurns: 5 }, "turns"],
    [{ maxTokens: 12_353 }, undefined],
    [{ maxTokens: 12_352 }, "tokens"],
    [{ maxCostUsd: 0.295 }, undefined],
    [{ maxCostUsd: 0.294 }, "cost"],
  ] as const)("with limits %o: %s", (budget, what) => {
    expect(nearlySpent(SPENT, { ...BUDGET, ...budget })).toBe(what);
  });

  test("not for money where nothing costs any", () => {
    expect(nearlySpent({ ...SPENT, usd: 0 }, { ...BUDGET, maxCostUsd: 0 })).toBe(undefined);
  });
});
