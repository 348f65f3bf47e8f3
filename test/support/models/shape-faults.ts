/** Events that are JSON and of the wrong shape. */
import { CALL_KIND, found, TEXT_KIND } from "./event-kinds.ts";
import type { Fault } from "./fault.ts";
import type { Protocol } from "./turn.ts";

/** The first event of a kind is replaced; the rest of the stream is as it should be. */
function replaced(name: string, kind: string, data: object): Fault {
  return {
    name,
    expects: "broken_stream",
    play: async (exchange) => {
      exchange.open();
      const wrong = found(exchange, kind);
      for (const frame of exchange.frames) await exchange.event(frame === wrong ? { ...frame, data } : frame);
      exchange.end();
    },
  };
}

export function shapeFaults(protocol: Protocol): readonly Fault[] {
  switch (protocol) {
    case "responses":
      return [
        replaced("a delta that is a number", TEXT_KIND.responses, { type: TEXT_KIND.responses, delta: 5 }),
        replaced("arguments that are a list", CALL_KIND.responses, {
          type: CALL_KIND.responses,
          output_index: 2,
          delta: [1],
        }),
        replaced("an item that is a list", "response.output_item.added", {
          type: "response.output_item.added",
          output_index: 0,
          item: [],
        }),
        replaced("an item that becomes another", "response.output_item.done", {
          type: "response.output_item.done",
          output_index: 0,
          item: { type: "function_call", call_id: "c", name: "list_files", arguments: "{}" },
        }),
        replaced("an end without its response", "response.completed", { type: "response.completed" }),
        replaced("output that is no list", "response.completed", {
          type: "response.completed",
          response: { status: "completed", output: { 0: "x" } },
        }),
      ];
    case "chat":
      return [
        replaced("a delta that is a number", "text", { choices: [{ index: 0, delta: { content: 5 } }] }),
        replaced("choices that are no list", "text", { choices: { 0: {} } }),
        replaced("a choice that is null", "text", { choices: [null] }),
        replaced("a delta that is a list", "text", { choices: [{ index: 0, delta: [1] }] }),
        replaced("calls that are no list", "arguments", {
          choices: [{ index: 0, delta: { tool_calls: { index: 0 } } }],
        }),
        replaced("arguments that are a list", "arguments", {
          choices: [{ index: 0, delta: { tool_calls: [{ index: 0, function: { arguments: [1] } }] } }],
        }),
        replaced("a call that nobody began", "call", {
          choices: [{ index: 0, delta: { tool_calls: [{ index: 9, function: { arguments: "{" } }] } }],
        }),
      ];
    case "messages":
      return [
        replaced("a delta that is a number", "text_delta", {
          type: "content_block_delta",
          index: 1,
          delta: 5,
        }),
        replaced("a text that is a list", "text_delta", {
          type: "content_block_delta",
          index: 1,
          delta: { type: "text_delta", text: [] },
        }),
        replaced("a block that is a list", "content_block_start", {
          type: "content_block_start",
          index: 0,
          content_block: [],
        }),
        replaced("a delta for a block that nobody began", "text_delta", {
          type: "content_block_delta",
          index: 9,
          delta: { type: "text_delta", text: "x" },
        }),
        replaced("a start without its message", "message_start", { type: "message_start", message: null }),
        replaced("an end that is a list", "message_delta", { type: "message_delta", delta: [], usage: 1 }),
      ];
  }
}
