/** An answer as the events of OpenAI's Responses API. */
import { type Answer, argumentsOf, type Frame, interleave, stopOf } from "./frames.ts";
import { piecesOf } from "./pieces.ts";
import type { ResponsesEvent } from "./wire-types.ts";

type Item = Extract<ResponsesEvent, { type: "response.output_item.done" }>["item"];
type Status = "in_progress" | "completed" | "incomplete";
/** An event before it has its number. */
type Unnumbered<E = ResponsesEvent> = E extends ResponsesEvent ? Omit<E, "sequence_number"> : never;

interface Part {
  readonly item: Item;
  readonly events: readonly Unnumbered[];
}

export function responsesFrames(answer: Answer): Frame[] {
  const stop = stopOf(answer.turn);
  const parts = partsOf(answer);
  const calls = parts.filter(({ item }) => item.type === "function_call");
  const others = parts.filter(({ item }) => item.type !== "function_call");
  const framed = (part: Part): Frame[] => part.events.map(frame);
  const middle = [
    ...others.flatMap(framed),
    ...(answer.turn.interleaved === true ? interleave(calls.map(framed)) : calls.flatMap(framed)),
  ];
  const output = parts.map(({ item }) => item);
  const incomplete = stop === "length" || stop === "content_filter";
  const begun: Frame[] = [
    frame({ type: "response.created", response: response(answer, "in_progress", []) }),
    frame({ type: "response.in_progress", response: response(answer, "in_progress", []) }),
    ...middle,
  ];
  const all: Frame[] = [
    ...(answer.turn.quirks?.includes("only the end") === true ? [] : begun),
    frame(
      incomplete
        ? { type: "response.incomplete", response: response(answer, "incomplete", output) }
        : { type: "response.completed", response: response(answer, "completed", output) },
    ),
  ];
  return all.map((one, index) => ({ ...one, data: { ...(one.data as object), sequence_number: index } }));
}

function frame(event: Unnumbered): Frame {
  return { kind: event.type, event: event.type, data: event };
}

function partsOf(answer: Answer): Part[] {
  const { turn } = answer;
  const parts: Part[] = [];
  if (turn.reasoning !== undefined) parts.push(reasoning(answer, turn.reasoning));
  if (stopOf(turn) === "refusal") parts.push(refusal(answer, parts.length));
  else if (turn.text !== undefined) parts.push(message(answer, turn.text, parts.length));
  turn.calls?.forEach((call, index) => {
    const args = argumentsOf(call);
    const at = { item_id: `fc_${answer.id}${index}`, output_index: parts.length };
    const item = (status: Status, text: string): Item => ({
      type: "function_call",
      id: at.item_id,
      call_id: call.id ?? `call_${answer.id}${index}`,
      name: call.name,
      arguments: text,
      status,
    });
    const done = item("completed", args);
    if (turn.quirks?.includes("whole calls") === true) {
      parts.push({
        item: done,
        events: [{ type: "response.output_item.done", output_index: at.output_index, item: done }],
      });
      return;
    }
    parts.push({
      item: done,
      events: [
        { type: "response.output_item.added", output_index: at.output_index, item: item("in_progress", "") },
        ...piecesOf(args, answer.random).map(
          (delta): Unnumbered => ({ type: "response.function_call_arguments.delta", ...at, delta }),
        ),
        { type: "response.function_call_arguments.done", ...at, arguments: args },
        { type: "response.output_item.done", output_index: at.output_index, item: done },
      ],
    });
  });
  return parts;
}

function reasoning(answer: Answer, text: string): Part {
  const id = `rs_${answer.id}`;
  const item: Item = {
    type: "reasoning",
    id,
    summary: [],
    ...(answer.reasoning ? { encrypted_content: answer.sign(text) } : {}),
  };
  return {
    item,
    events: [
      { type: "response.output_item.added", output_index: 0, item: { type: "reasoning", id, summary: [] } },
      { type: "response.output_item.done", output_index: 0, item },
    ],
  };
}

function message(answer: Answer, text: string, output_index: number): Part {
  const at = { item_id: `msg_${answer.id}`, output_index, content_index: 0 };
  const part = { type: "output_text" as const, text, annotations: [] };
  const item: Item = {
    type: "message",
    id: at.item_id,
    role: "assistant",
    status: "completed",
    content: [part],
  };
  return {
    item,
    events: [
      {
        type: "response.output_item.added",
        output_index,
        item: { ...item, status: "in_progress", content: [] },
      },
      { type: "response.content_part.added", ...at, part: { ...part, text: "" } },
      ...piecesOf(text, answer.random).map(
        (delta): Unnumbered => ({ type: "response.output_text.delta", ...at, delta, logprobs: [] }),
      ),
      { type: "response.output_text.done", ...at, text, logprobs: [] },
      { type: "response.content_part.done", ...at, part },
      { type: "response.output_item.done", output_index, item },
    ],
  };
}

function refusal(answer: Answer, output_index: number): Part {
  const at = { item_id: `msg_${answer.id}`, output_index, content_index: 0 };
  const text = answer.turn.text ?? "I cannot help with that.";
  const part = { type: "refusal" as const, refusal: text };
  const item: Item = {
    type: "message",
    id: at.item_id,
    role: "assistant",
    status: "completed",
    content: [part],
  };
  return {
    item,
    events: [
      {
        type: "response.output_item.added",
        output_index,
        item: { ...item, status: "in_progress", content: [] },
      },
      { type: "response.content_part.added", ...at, part: { ...part, refusal: "" } },
      { type: "response.refusal.delta", ...at, delta: text },
      { type: "response.refusal.done", ...at, refusal: text },
      { type: "response.content_part.done", ...at, part },
      { type: "response.output_item.done", output_index, item },
    ],
  };
}

type Response = Extract<ResponsesEvent, { type: "response.completed" }>["response"];

/** `output_text` is the SDK's own, and not sent. */
function response(answer: Answer, status: Status, output: readonly Item[]): Response {
  const { input, cached, cacheWrites, output: written } = answer.usage;
  const sent: Omit<Response, "output_text"> = {
    id: `resp_${answer.id}`,
    object: "response",
    created_at: 1_790_000_000,
    status,
    access_programs: null,
    error: null,
    incomplete_details:
      status === "incomplete"
        ? { reason: stopOf(answer.turn) === "length" ? "max_output_tokens" : "content_filter" }
        : null,
    instructions: null,
    metadata: {},
    model: answer.model,
    output: [...output],
    parallel_tool_calls: true,
    temperature: 1,
    tool_choice: "auto",
    tools: [],
    top_p: 1,
    ...(status === "in_progress"
      ? {}
      : {
          usage: {
            input_tokens: input,
            input_tokens_details: { cached_tokens: cached, cache_write_tokens: cacheWrites },
            output_tokens: written,
            output_tokens_details: { reasoning_tokens: 0 },
            total_tokens: input + written,
          },
        }),
  };
  return sent as Response;
}
