/** The kinds of events in each protocol, and streams that go wrong at one of them. */
import type { Exchange } from "./exchange.ts";
import type { Frame } from "./frames.ts";
import type { Protocol } from "./turn.ts";

/** Every kind of event in an answer with reasoning, text and calls, the last one last. */
export const KINDS: Readonly<Record<Protocol, readonly string[]>> = {
  responses: [
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.function_call_arguments.delta",
    "response.function_call_arguments.done",
    "response.completed",
  ],
  chat: ["role", "text", "call", "arguments", "finish", "usage", "[DONE]"],
  messages: [
    "message_start",
    "ping",
    "content_block_start",
    "thinking_delta",
    "signature_delta",
    "text_delta",
    "input_json_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
  ],
};

export const TEXT_KIND: Readonly<Record<Protocol, string>> = {
  responses: "response.output_text.delta",
  chat: "text",
  messages: "text_delta",
};
export const CALL_KIND: Readonly<Record<Protocol, string>> = {
  responses: "response.function_call_arguments.delta",
  chat: "arguments",
  messages: "input_json_delta",
};

/** The stream up to the first event of a kind, without it. */
export async function before(exchange: Exchange, kind: string): Promise<void> {
  const end = exchange.frames.indexOf(found(exchange, kind));
  exchange.open();
  for (const frame of exchange.frames.slice(0, end)) await exchange.event(frame);
}

export function found(exchange: Exchange, kind: string): Frame {
  const frame = exchange.frames.find((one) => one.kind === kind);
  if (frame === undefined) throw new Error(`the turn has no event ${kind}`);
  return frame;
}
