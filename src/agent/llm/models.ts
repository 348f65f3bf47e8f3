/** What is known of models by name: their window, and what their tokens cost. */
import * as z from "zod";
import type { Model, Price } from "./model.ts";

const usdPerMillion = z.number().min(0).max(10_000);
const tokens = z.int().min(1_000).max(100_000_000);

/** What an operator says of models, by name; it goes before the table. USD per million tokens. */
export const modelOverridesSchema = z.record(
  z.string().min(1).max(100),
  z.strictObject({
    input: usdPerMillion,
    output: usdPerMillion,
    /** As `input` when absent. */
    cached: usdPerMillion.optional(),
    /** As `input` when absent. */
    cache_write: usdPerMillion.optional(),
    context_window: tokens.optional(),
    max_output_tokens: tokens.optional(),
  }),
);
export type ModelOverrides = z.infer<typeof modelOverridesSchema>;

export interface ModelFacts {
  readonly contextWindow: number;
  readonly maxOutputTokens: number;
  /** Undefined for a model nobody has given a price. */
  readonly price: Price | undefined;
}

/** The model that is used when neither the request nor the operator names one. */
export const DEFAULT_MODELS: Readonly<Record<Model["provider"], string>> = {
  openai: "gpt-6.1-sol",
  anthropic: "claude-sonnet-5-5",
};

/** What is assumed of a model that nobody knows. */
const UNKNOWN: ModelFacts = { contextWindow: 128_000, maxOutputTokens: 16_384, price: undefined };

type Row = readonly [
  contextWindow: number,
  maxOutputTokens: number,
  input: number,
  cached: number,
  cacheWrite: number,
  output: number,
];

/**
 * Standard prices in USD per million tokens, as published in November 2026 at
 * https://developers.openai.com/api/docs/pricing and https://platform.claude.com/docs/en/about-claude/pricing, without
 * promotions; Anthropic's cache writes are those for five minutes. Where longer conversations cost more (OpenAI
 * from 272,000 tokens on, Claude Haiku 5.5 from 100,000), or cannot be so long, the window ends there: the price
 * holds for all that fits. A name that is not here has no price.
 */
const TABLE: Readonly<Record<Model["provider"], Readonly<Record<string, Row>>>> = {
  openai: {
    "gpt-6.2-sol": [272_000, 128_000, 2, 0.1, 2.5, 10],
    "gpt-6.1-sol": [272_000, 128_000, 2, 0.1, 2.5, 10],
    "gpt-6.1-terra": [272_000, 128_000, 1, 0.05, 1.25, 5],
    "gpt-6-astra": [272_000, 128_000, 10, 1, 12.5, 50],
    "gpt-6-sol": [272_000, 128_000, 2, 0.2, 2.5, 10],
    "gpt-6-luna": [272_000, 128_000, 0.1, 0.01, 0.125, 0.5],
    "gpt-5.6-sol": [272_000, 128_000, 5, 0.5, 6.25, 30],
    "gpt-5.6-terra": [272_000, 128_000, 2, 0.2, 2.5, 12],
    "gpt-5.6-luna": [272_000, 128_000, 0.2, 0.02, 0.25, 1.2],
    "gpt-5.5": [272_000, 128_000, 5, 0.5, 5, 30],
    "gpt-5.4": [272_000, 128_000, 2.5, 0.25, 2.5, 15],
    "gpt-5.4-mini": [272_000, 128_000, 0.75, 0.075, 0.75, 4.5],
    "gpt-5.4-nano": [272_000, 128_000, 0.2, 0.02, 0.2, 1.25],
    "gpt-5.2": [272_000, 128_000, 1.75, 0.175, 1.75, 14],
    "gpt-5.1": [272_000, 128_000, 1.25, 0.125, 1.25, 10],
    "gpt-5": [272_000, 128_000, 1.25, 0.125, 1.25, 10],
    "gpt-5-mini": [272_000, 128_000, 0.25, 0.025, 0.25, 2],
    "gpt-5-nano": [272_000, 128_000, 0.05, 0.005, 0.05, 0.4],
    "gpt-4.1": [1_047_576, 32_768, 2, 0.5, 2, 8],
    "gpt-4.1-mini": [1_047_576, 32_768, 0.4, 0.1, 0.4, 1.6],
    "gpt-4.1-nano": [1_047_576, 32_768, 0.1, 0.025, 0.1, 0.4],
    "o4-mini": [200_000, 100_000, 1.1, 0.275, 1.1, 4.4],
    o3: [200_000, 100_000, 2, 0.5, 2, 8],
    "o3-mini": [200_000, 100_000, 1.1, 0.55, 1.1, 4.4],
    o1: [200_000, 100_000, 15, 7.5, 15, 60],
    "gpt-4o": [128_000, 16_384, 2.5, 1.25, 2.5, 10],
    "gpt-4o-mini": [128_000, 16_384, 0.15, 0.075, 0.15, 0.6],
    "gpt-4-turbo": [128_000, 4_096, 10, 10, 10, 30],
    "gpt-4": [8_192, 8_192, 30, 30, 30, 60],
    "gpt-3.5-turbo": [16_385, 4_096, 0.5, 0.5, 0.5, 1.5],
  },
  anthropic: {
    "claude-fable-5-2": [1_000_000, 128_000, 8, 0.2, 10, 40],
    "claude-fable-5-1": [1_000_000, 128_000, 10, 0.25, 12.5, 50],
    "claude-mythos-5-1": [1_000_000, 128_000, 10, 0.25, 12.5, 50],
    "claude-fable-5": [1_000_000, 128_000, 10, 1, 12.5, 50],
    "claude-mythos-5": [1_000_000, 128_000, 10, 1, 12.5, 50],
    "claude-opus-5-5": [1_000_000, 128_000, 4, 0.2, 5, 20],
    "claude-opus-5": [1_000_000, 128_000, 5, 0.5, 6.25, 25],
    "claude-opus-4-8": [200_000, 64_000, 5, 0.5, 6.25, 25],
    "claude-opus-4-7": [200_000, 64_000, 5, 0.5, 6.25, 25],
    "claude-opus-4-6": [200_000, 64_000, 5, 0.5, 6.25, 25],
    "claude-opus-4-5": [200_000, 64_000, 5, 0.5, 6.25, 25],
    "claude-sonnet-5-5": [1_000_000, 128_000, 2, 0.1, 2.5, 10],
    "claude-sonnet-5": [1_000_000, 128_000, 2, 0.2, 2.5, 10],
    "claude-sonnet-4-6": [200_000, 64_000, 3, 0.3, 3.75, 15],
    "claude-sonnet-4-5": [200_000, 64_000, 3, 0.3, 3.75, 15],
    "claude-haiku-5-5": [100_000, 64_000, 0.1, 0.01, 0.125, 0.5],
    "claude-haiku-4-5": [200_000, 64_000, 1, 0.1, 1.25, 5],
  },
};

/** `-2026-04-23` and `-20251001`. */
const SNAPSHOT = /-(?:\d{4}-\d{2}-\d{2}|\d{8})$/;

/**
 * What is known of a model: what the operator says of its name, else the table. A dated snapshot is what its name
 * without the date is, unless it is listed itself.
 */
export function modelFacts(provider: Model["provider"], name: string, overrides: ModelOverrides): ModelFacts {
  const known = factsOf(own(TABLE[provider], name));
  const said = own(overrides, name);
  if (said === undefined) return known;
  return {
    contextWindow: said.context_window ?? known.contextWindow,
    maxOutputTokens: said.max_output_tokens ?? known.maxOutputTokens,
    price: {
      input: said.input,
      cached: said.cached ?? said.input,
      cacheWrite: said.cache_write ?? said.input,
      output: said.output,
    },
  };
}

function factsOf(row: Row | undefined): ModelFacts {
  if (row === undefined) return UNKNOWN;
  const [contextWindow, maxOutputTokens, input, cached, cacheWrite, output] = row;
  return { contextWindow, maxOutputTokens, price: { input, cached, cacheWrite, output } };
}

/** Names come from requests: `constructor` is none. */
function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  const key = [name, name.replace(SNAPSHOT, "")].find((one) => Object.hasOwn(table, one));
  return key === undefined ? undefined : table[key];
}
