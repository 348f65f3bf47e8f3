import { describe, expect, it } from "vitest";
import { DEFAULT_MODELS, modelFacts, modelOverridesSchema } from "../../../src/agent/llm/models.ts";

const UNKNOWN = { contextWindow: 128_000, maxOutputTokens: 16_384, price: undefined };

it("the models that are used by default have a price", () => {
  expect(modelFacts("openai", DEFAULT_MODELS.openai, {})).toEqual({
    contextWindow: 272_000,
    maxOutputTokens: 128_000,
    price: { input: 2, cached: 0.1, cacheWrite: 2.5, output: 10 },
  });
  expect(modelFacts("anthropic", DEFAULT_MODELS.anthropic, {})).toEqual({
    contextWindow: 1_000_000,
    maxOutputTokens: 128_000,
    price: { input: 2, cached: 0.1, cacheWrite: 2.5, output: 10 },
  });
});

it.each([
  ["openai", "gpt-5.5-2026-04-23", "gpt-5.5"],
  ["openai", "gpt-4o-mini-2024-07-18", "gpt-4o-mini"],
  ["anthropic", "claude-haiku-4-5-20251001", "claude-haiku-4-5"],
] as const)("%s: the snapshot %s is what %s is", (provider, snapshot, name) => {
  const facts = modelFacts(provider, name, {});
  expect(facts.price).toBeDefined();
  expect(modelFacts(provider, snapshot, {})).toEqual(facts);
});

it.each(["gpt-9", "gpt-5.5-pro", "gpt-5.5-2026", "claude-sonnet-5-5", "constructor", "__proto__", ""])(
  "nothing is known of %j at OpenAI",
  (name) => {
    expect(modelFacts("openai", name, {})).toEqual(UNKNOWN);
  },
);

describe("what the operator says", () => {
  const overrides = modelOverridesSchema.parse({
    "gpt-5.5": { input: 1, output: 2 },
    "gpt-5.5-2026-04-23": { input: 3, output: 4, cached: 0.5, cache_write: 6 },
    "llama-4": { input: 0, output: 0, context_window: 32_000, max_output_tokens: 4_000 },
  });

  it("goes before the table, and leaves the rest to it", () => {
    expect(modelFacts("openai", "gpt-5.5", overrides)).toEqual({
      contextWindow: 272_000,
      maxOutputTokens: 128_000,
      price: { input: 1, cached: 1, cacheWrite: 1, output: 2 },
    });
  });

  it("of a snapshot goes before what is said of its name", () => {
    const price = { input: 3, cached: 0.5, cacheWrite: 6, output: 4 };
    expect(modelFacts("openai", "gpt-5.5-2026-04-23", overrides).price).toEqual(price);
    expect(modelFacts("openai", "gpt-5.5-2026-05-01", overrides).price).toMatchObject({ input: 1 });
  });

  it("makes an unknown model known", () => {
    expect(modelFacts("openai", "llama-4", overrides)).toEqual({
      contextWindow: 32_000,
      maxOutputTokens: 4_000,
      price: { input: 0, cached: 0, cacheWrite: 0, output: 0 },
    });
  });

  it.each([
    { "gpt-5.5": { input: -1, output: 2 } },
    { "gpt-5.5": { input: 1 } },
    { "gpt-5.5": { input: 1, output: 2, context: 5 } },
    { "": { input: 1, output: 2 } },
  ])("is refused when it makes no sense: %j", (wrong) => {
    expect(modelOverridesSchema.safeParse(wrong).success).toBe(false);
  });
});
