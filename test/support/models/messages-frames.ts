/** An answer as the events of Anthropic's Messages API. */
import { type Answer, argumentsOf, type Frame, interleave, stopOf } from "./frames.ts";
import { piecesOf } from "./pieces.ts";
import type { MessagesEvent } from "./wire-types.ts";

type Block = Extract<MessagesEvent, { type: "content_block_start" }>["content_block"];
type Delta = Extract<MessagesEvent, { type: "content_block_delta" }>["delta"];

const STOP = {
  end: "end_turn",
  calls: "tool_use",
  length: "max_tokens",
  refusal: "refusal",
  content_filter: "refusal",
  context_window: "model_context_window_exceeded",
} as const;

export function messagesFrames(answer: Answer): Frame[] {
  const { turn, random } = answer;
  const blocks: Frame[][] = [];
  const add = (start: Block, deltas: readonly Delta[]): void => {
    const index = blocks.length;
    blocks.push([
      frame({ type: "content_block_start", index, content_block: start }),
      ...deltas.map((delta) => frame({ type: "content_block_delta", index, delta })),
      frame({ type: "content_block_stop", index }),
    ]);
  };
  if (turn.reasoning !== undefined) {
    const shown = answer.reasoning ? turn.reasoning : "";
    add({ type: "thinking", thinking: "", signature: "" }, [
      ...piecesOf(shown, random).map((thinking): Delta => ({ type: "thinking_delta", thinking })),
      ...(turn.quirks?.includes("no signature") === true
        ? []
        : [{ type: "signature_delta" as const, signature: answer.sign(shown) }]),
    ]);
  }
  if (turn.text !== undefined) {
    add(
      { type: "text", text: "", citations: null },
      piecesOf(turn.text, random).map((text) => ({ type: "text_delta", text })),
    );
  }
  const first = blocks.length;
  turn.calls?.forEach((call, index) => {
    const id = call.id ?? `toolu_${answer.id}${index}`;
    const start = { type: "tool_use", id, name: call.name, caller: { type: "direct" } } as const;
    // What is no JSON can only come in pieces.
    const whole = turn.quirks?.includes("whole calls") === true ? parsed(argumentsOf(call)) : undefined;
    if (whole !== undefined) {
      add({ ...start, input: whole }, []);
      return;
    }
    add({ ...start, input: {} }, [
      { type: "input_json_delta", partial_json: "" },
      ...piecesOf(argumentsOf(call), random).map(
        (partial_json): Delta => ({ type: "input_json_delta", partial_json }),
      ),
    ]);
  });
  const calls = blocks.slice(first);
  return [
    start(answer),
    { kind: "ping", event: "ping", data: { type: "ping" } },
    ...blocks.slice(0, first).flat(),
    ...(turn.interleaved === true ? interleave(calls) : calls.flat()),
    end(answer),
    frame({ type: "message_stop" }),
  ];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function frame(event: MessagesEvent): Frame {
  const kind = event.type === "content_block_delta" ? event.delta.type : event.type;
  return { kind, event: event.type, data: event };
}

function start(answer: Answer): Frame {
  const { input, cached, cacheWrites } = answer.usage;
  return frame({
    type: "message_start",
    message: {
      id: `msg_${answer.id}`,
      type: "message",
      role: "assistant",
      model: answer.model,
      content: [],
      container: null,
      diagnostics: null,
      stop_details: null,
      stop_reason: null,
      stop_sequence: null,
      usage: {
        input_tokens: input - cached - cacheWrites,
        cache_read_input_tokens: cached,
        cache_creation_input_tokens: cacheWrites,
        cache_creation: { ephemeral_5m_input_tokens: cacheWrites, ephemeral_1h_input_tokens: 0 },
        output_tokens: 1,
        output_tokens_details: null,
        inference_geo: null,
        server_tool_use: null,
        service_tier: "standard",
        speed: null,
      },
    },
  });
}

function end(answer: Answer): Frame {
  const { input, cached, cacheWrites, output } = answer.usage;
  return frame({
    type: "message_delta",
    delta: {
      stop_reason: STOP[stopOf(answer.turn)],
      stop_sequence: null,
      stop_details: null,
      container: null,
    },
    usage: {
      input_tokens: input - cached - cacheWrites,
      cache_read_input_tokens: cached,
      cache_creation_input_tokens: cacheWrites,
      output_tokens: output,
      output_tokens_details: null,
      server_tool_use: null,
    },
  });
}
