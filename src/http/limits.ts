/** The ranges of a run's limits, shared by requests and by the runtime configuration. */
import * as z from "zod";
import type { RunLimits } from "../run/request.ts";

export const DEFAULT_LIMITS: RunLimits = {
  max_turns: 30,
  max_tokens: 2_000_000,
  max_cost_usd: 2,
  timeout_seconds: 300,
};

/** Every limit may be left out; what is there has to be in range. */
export const limitsSchema = z.strictObject({
  max_turns: z.int().min(1).max(100).optional(),
  max_tokens: z.int().min(1_000).max(50_000_000).optional(),
  max_cost_usd: z.number().min(0).max(50).optional(),
  timeout_seconds: z.int().min(1).max(900).optional(),
});

export type PartialLimits = z.infer<typeof limitsSchema>;

/** `partial` laid over `base`. */
export function withLimits(base: RunLimits, partial: PartialLimits | undefined): RunLimits {
  return {
    max_turns: partial?.max_turns ?? base.max_turns,
    max_tokens: partial?.max_tokens ?? base.max_tokens,
    max_cost_usd: partial?.max_cost_usd ?? base.max_cost_usd,
    timeout_seconds: partial?.timeout_seconds ?? base.timeout_seconds,
  };
}
