/** The port to a language model: a conversation goes in, words and tool calls stream out. */
import type { AgentName } from "../agent.ts";

/** A tool as models are told of it. */
export interface ToolSpec {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of an object. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

export interface ToolCall {
  /** Given by the vendor, or made up where it gave none; unique within a conversation. */
  readonly id: string;
  readonly name: string;
  /** As the model wrote it: JSON when all is well. */
  readonly arguments: string;
}

export interface ToolResult {
  readonly callId: string;
  readonly text: string;
  readonly isError: boolean;
}

/** Plain JSON: conversations are kept with checkpoints, and carried from one vendor to the next. */
export type Message =
  | { readonly role: "user"; readonly text: string }
  | {
      readonly role: "assistant";
      readonly text: string;
      readonly calls: readonly ToolCall[];
      /** The answer as its vendor wants it back (reasoning included); `protocol` says whose it is. */
      readonly raw?: { readonly protocol: string; readonly items: readonly unknown[] };
    }
  | {
      readonly role: "tool";
      readonly results: readonly ToolResult[];
      /** There when a call of the turn changed the repository. */
      readonly edited?: true;
    };

export interface ModelRequest {
  /** Stays the same over a conversation, as do the tools: vendors cache it. */
  readonly system: string;
  readonly tools: readonly ToolSpec[];
  /** Begins with a user message; every call has its result right behind it. */
  readonly messages: readonly Message[];
  /** Groups the requests of one conversation for the vendor's cache; holds nothing private. */
  readonly conversation: string;
  readonly maxOutputTokens: number;
  readonly signal: AbortSignal;
}

/** Tokens of one answer. */
export interface TokenUsage {
  /** All input, cached or not. */
  readonly input: number;
  /** The part of `input` that was read from the vendor's cache. */
  readonly cached: number;
  /** The part of `input` that was written to the vendor's cache, where that costs extra. */
  readonly cacheWrites: number;
  readonly output: number;
  /** Set where any of it is our guess, for want of the vendor's count. */
  readonly estimated?: true;
}

export interface ModelAnswer {
  readonly message: Extract<Message, { role: "assistant" }>;
  /** `length`: cut at `maxOutputTokens`, so that the last call may be incomplete. */
  readonly stop: "end" | "calls" | "length";
  readonly usage: TokenUsage;
}

export interface TextDelta {
  readonly type: "text";
  readonly delta: string;
}

/** USD per million tokens. */
export interface Price {
  readonly input: number;
  readonly cached: number;
  readonly cacheWrite: number;
  readonly output: number;
}

export interface Model {
  readonly provider: Exclude<AgentName, "rule_based">;
  /** As the vendor calls it. */
  readonly name: string;
  /** Tokens of a conversation and its answer together. */
  readonly contextWindow: number;
  /** Tokens of one answer. */
  readonly maxOutputTokens: number;
  /** Undefined for a model the price table does not know. */
  readonly price: Price | undefined;
  /**
   * One request; nothing is tried again. Throws ModelError for whatever is wrong with the vendor or its
   * answer, and the signal's reason once that aborts. Leaving the generator ends the request.
   */
  answer(request: ModelRequest): AsyncGenerator<TextDelta, ModelAnswer>;
}

/** What can be wrong with a vendor or its answer. */
export type ModelFailure =
  /** 401 and 403. */
  | "unauthorized"
  /** No credit left: waiting does not help. */
  | "quota_exceeded"
  | "rate_limited"
  | "overloaded"
  | "server_error"
  | "unreachable"
  /** Nothing came for too long, or the whole answer took too long. */
  | "timeout"
  /** The stream ended early, or what came is not the protocol. */
  | "broken_stream"
  | "empty_answer"
  | "answer_too_long"
  /** The conversation does not fit the model's window. */
  | "context_too_long"
  /** Any other 4xx: an unknown model, say. */
  | "request_refused"
  /** The model or a filter of its vendor would not answer. */
  | "content_refused";

/** `message` is a sentence in the service's own words: nothing a vendor wrote is in it. */
export class ModelError extends Error {
  readonly failure: ModelFailure;
  /** Milliseconds the vendor asked to wait. */
  readonly retryAfterMs: number | undefined;
  /** What the answer had cost when it failed; undefined when none had begun. */
  readonly usage: TokenUsage | undefined;

  constructor(
    failure: ModelFailure,
    message: string,
    options: { retryAfterMs?: number | undefined; usage?: TokenUsage | undefined; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ModelError";
    this.failure = failure;
    this.retryAfterMs = options.retryAfterMs;
    this.usage = options.usage;
  }
}
