/** An answer as the chunks of OpenAI's Chat Completions, and of servers that speak it with a difference. */
import { type Answer, argumentsOf, type Frame, interleave, stopOf } from "./frames.ts";
import { piecesOf } from "./pieces.ts";
import type { Quirk } from "./turn.ts";
import type { ChatEvent } from "./wire-types.ts";

type Choice = ChatEvent["choices"][number];
type ToolCall = NonNullable<Choice["delta"]["tool_calls"]>[number];

const FINISH = {
  end: "stop",
  calls: "tool_calls",
  length: "length",
  refusal: "stop",
  content_filter: "content_filter",
  context_window: "length",
} as const;

/** `usage` says whether the request asked for it. */
export function chatFrames(answer: Answer, usage: boolean): Frame[] {
  const { turn } = answer;
  const has = (quirk: Quirk): boolean => turn.quirks?.includes(quirk) ?? false;
  const stop = stopOf(turn);
  const text = turn.text ?? (stop === "refusal" ? "I cannot help with that." : "");
  const calls = (turn.calls ?? []).map((call, index) => callFrames(answer, call, index, has));
  const said = piecesOf(text, answer.random).map((piece) =>
    stop === "refusal"
      ? chunk(answer, "refusal", { refusal: piece })
      : chunk(answer, "text", { content: piece }),
  );
  const thought = has("reasoning_content")
    ? piecesOf(turn.reasoning ?? "", answer.random).map((piece) =>
        chunk(answer, "reasoning", { reasoning_content: piece } as Choice["delta"]),
      )
    : [];
  const finish = has("finish_reason stop") ? "stop" : FINISH[stop];
  return [
    chunk(answer, "role", { role: "assistant", content: "" }),
    ...thought,
    ...said,
    ...(turn.interleaved === true ? interleave(calls) : calls.flat()),
    chunk(answer, "finish", {}, finish),
    ...(usage && !has("no usage") ? [usageChunk(answer)] : []),
    ...(has("no [DONE]") ? [] : [{ kind: "[DONE]", data: "[DONE]" }]),
  ];
}

function callFrames(
  answer: Answer,
  call: NonNullable<Answer["turn"]["calls"]>[number],
  index: number,
  has: (quirk: Quirk) => boolean,
): Frame[] {
  const args = argumentsOf(call);
  const place = has("no call indexes") ? ({} as { index: number }) : { index };
  const id = has("no call ids") ? {} : { id: call.id ?? `call_${answer.id}${index}` };
  const first = (text: string): ToolCall => ({
    ...place,
    ...id,
    type: "function",
    function: { name: call.name, arguments: text },
  });
  if (has("whole calls")) return [chunk(answer, "call", { tool_calls: [first(args)] })];
  return [
    chunk(answer, "call", { tool_calls: [first("")] }),
    ...piecesOf(args, answer.random).map((piece) =>
      chunk(answer, "arguments", {
        tool_calls: [has("names again") ? first(piece) : { ...place, function: { arguments: piece } }],
      }),
    ),
  ];
}

function chunk(
  answer: Answer,
  kind: string,
  delta: Choice["delta"],
  finish: Choice["finish_reason"] = null,
): Frame {
  const data: ChatEvent = { ...head(answer), choices: [{ index: 0, delta, finish_reason: finish }] };
  return { kind, data };
}

function usageChunk(answer: Answer): Frame {
  const { input, cached, cacheWrites, output } = answer.usage;
  const data: ChatEvent = {
    ...head(answer),
    choices: [],
    usage: {
      prompt_tokens: input,
      completion_tokens: output,
      total_tokens: input + output,
      prompt_tokens_details: { cached_tokens: cached, cache_write_tokens: cacheWrites },
    },
  };
  return { kind: "usage", data };
}

function head({ id, model }: Answer): Pick<ChatEvent, "id" | "object" | "created" | "model"> {
  return { id: `chatcmpl-${id}`, object: "chat.completion.chunk", created: 1_790_000_000, model };
}
