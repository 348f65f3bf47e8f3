/** One thing that goes wrong with a model's vendor. */
import type { ModelFailure } from "../../../src/agent/llm/model.ts";
import type { Exchange } from "./exchange.ts";
import type { Turn } from "./turn.ts";

export interface Fault {
  readonly name: string;
  /** What the adapter is to make of it; `answer` where the turn arrives as it should all the same. */
  readonly expects: ModelFailure | "answer";
  /** Milliseconds the vendor asks to wait. */
  readonly retryAfterMs?: number;
  /** True where only a time limit ends it. */
  readonly hangs?: boolean;
  /** Another turn is sent. */
  readonly turn?: (turn: Turn) => Turn;
  /** Answers in place of the server. */
  readonly play?: (exchange: Exchange) => Promise<void>;
}

/** Words of the vendor's that no error of ours may repeat. */
export const VENDOR_WORDS = "vendor-words-7c41";
