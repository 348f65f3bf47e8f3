/** What a scripted model is asked and what it says, whatever the protocol. */
import type { Fault } from "./fault.ts";

export const PROTOCOLS = ["responses", "chat", "messages"] as const;
/** OpenAI's Responses and Chat Completions, and Anthropic's Messages. */
export type Protocol = (typeof PROTOCOLS)[number];

export interface ScriptedCall {
  readonly name: string;
  /** An object is sent as its JSON, a string as it is, broken or not. */
  readonly arguments: string | Readonly<Record<string, unknown>>;
  /** One that differs with the request and the call's place when absent. */
  readonly id?: string;
}

/** What servers leave out or do differently that speak a vendor's protocol and are not the vendor. */
export type Quirk =
  /** Calls come in one piece. */
  | "whole calls"
  /** Responses: nothing comes but the last event, with all of the answer. */
  | "only the end"
  /** Messages: thinking without a signature. */
  | "no signature"
  /** The rest are known from Chat Completions. */
  | "no usage"
  | "no call ids"
  | "no call indexes"
  /** Each piece of a call has its name and id again. */
  | "names again"
  | "reasoning_content"
  | "no [DONE]"
  | "finish_reason stop";

export interface Turn {
  /** Comes before the calls. */
  readonly text?: string;
  /** Comes first: a thinking block, a reasoning item, or `reasoning_content` with that quirk. */
  readonly reasoning?: string;
  readonly calls?: readonly ScriptedCall[];
  /** `calls` when there are any, else `end`, when absent. */
  readonly stop?: "end" | "calls" | "length" | "refusal" | "content_filter" | "context_window";
  /** In place of what the server counts. */
  readonly usage?: Partial<TurnUsage>;
  /** Goes wrong in this way instead: one of `faultsOf`, by its name too, or the test's own. */
  readonly fault?: Fault | string;
  /** How many times the same request meets the fault before it is answered; every time when absent. */
  readonly faults?: number;
  readonly quirks?: readonly Quirk[];
  /** Events of several calls in turns, a piece of each at a time. */
  readonly interleaved?: boolean;
}

/** All in tokens; `cached` and `cacheWrites` are part of `input`. */
export interface TurnUsage {
  readonly input: number;
  readonly cached: number;
  readonly cacheWrites: number;
  readonly output: number;
}

export type ViewMessage =
  | { readonly role: "user"; readonly text: string }
  | {
      readonly role: "assistant";
      readonly text: string;
      readonly calls: readonly { readonly id: string; readonly name: string; readonly arguments: string }[];
    }
  | { readonly role: "tool"; readonly results: readonly ViewResult[] };

export interface ViewResult {
  readonly callId: string;
  readonly text: string;
}

/** A request as all three protocols mean it. */
export interface ScriptRequest {
  readonly protocol: Protocol;
  readonly model: string;
  readonly apiKey: string;
  readonly system: string;
  readonly tools: readonly { readonly name: string; readonly parameters: unknown }[];
  readonly messages: readonly ViewMessage[];
  /** How many answers the conversation has: 0 in its first request. */
  readonly turn: number;
  /** The tool results behind the last answer, in order; empty when there are none. */
  readonly results: readonly ViewResult[];
  /** Everything the model reads, in one text, to look for something in. */
  readonly text: string;
  /** How many times the very same request came before. */
  readonly attempt: number;
}
