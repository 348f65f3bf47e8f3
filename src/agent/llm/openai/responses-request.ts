/** A conversation as OpenAI's Responses API takes it. */
import type { ResponseCreateParamsStreaming, ResponseInputItem } from "openai/resources/responses/responses";
import * as z from "zod";
import type { Message, ModelRequest } from "../model.ts";
import { sendableJson, sendableName, sendableText, wireIds } from "../sendable.ts";
import { isReasoningModel } from "./client.ts";

type Assistant = Extract<Message, { role: "assistant" }>;

/** What is kept of an answer beside its text and calls: reasoning, and the order of it all. */
export const keptItemSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("reasoning"),
    id: z.string(),
    summary: z.array(z.object({ type: z.literal("summary_text"), text: z.string() })),
    encrypted_content: z.string(),
  }),
  z.object({
    type: z.literal("message"),
    role: z.literal("assistant"),
    content: z.string(),
    /** Whether the model meant it as its last words; it wants to see that again. */
    phase: z.enum(["commentary", "final_answer"]).exactOptional(),
  }),
  /** Its name and arguments are the call's. */
  z.object({ type: z.literal("function_call"), call_id: z.string() }),
]);
export type KeptItem = z.infer<typeof keptItemSchema>;

const MAX_CACHE_KEY = 64;
const MIN_OUTPUT_TOKENS = 16;

export function responsesRequest(
  request: ModelRequest,
  model: string,
  protocol: string,
): ResponseCreateParamsStreaming {
  return {
    model,
    stream: true,
    store: false,
    // without it, what the model thought would be lost with every answer
    ...(isReasoningModel(model) ? { include: ["reasoning.encrypted_content"] } : {}),
    instructions: sendableText(request.system),
    tools: request.tools.map(({ name, description, parameters }) => ({
      type: "function",
      name,
      description,
      parameters: { ...parameters },
      strict: false,
    })),
    parallel_tool_calls: true,
    input: inputItems(request.messages, protocol),
    max_output_tokens: Math.max(MIN_OUTPUT_TOKENS, request.maxOutputTokens),
    prompt_cache_key: request.conversation.slice(0, MAX_CACHE_KEY),
  };
}

function inputItems(messages: readonly Message[], protocol: string): ResponseInputItem[] {
  const wireId = wireIds(messages, protocol);
  return messages.flatMap((message): ResponseInputItem[] => {
    if (message.role === "user") return [{ role: "user", content: sendableText(message.text) }];
    if (message.role === "assistant") return answerItems(message, protocol, wireId);
    return message.results.map(({ callId, text }) => ({
      type: "function_call_output",
      call_id: wireId(callId),
      output: sendableText(text),
    }));
  });
}

function answerItems(
  message: Assistant,
  protocol: string,
  wireId: (id: string) => string,
): ResponseInputItem[] {
  const kept =
    message.raw?.protocol === protocol ? z.array(keptItemSchema).safeParse(message.raw.items) : undefined;
  const items = kept?.data ?? [];
  const calls = new Map(message.calls.map((call) => [call.id, call]));
  const call = (id: string): ResponseInputItem[] => {
    const { name, arguments: text } = calls.get(id) ?? {};
    if (name === undefined || text === undefined) return [];
    calls.delete(id);
    return [
      { type: "function_call", call_id: wireId(id), name: sendableName(name), arguments: sendableJson(text) },
    ];
  };
  const sent = items.flatMap((item): ResponseInputItem[] => {
    if (item.type === "function_call") return call(item.call_id);
    return item.type === "message" && item.content.trim() === "" ? [] : [item];
  });
  // an answer of another vendor, or of ours before there was anything to keep
  const said = sent.some((item) => item.type === "message") || message.text.trim() === "";
  const rest: ResponseInputItem[] = said ? [] : [{ role: "assistant", content: message.text.toWellFormed() }];
  rest.push(...[...calls.keys()].flatMap(call));
  return withoutLoose([...sent, ...rest]);
}

/** Reasoning is refused unless what it led to comes behind it. */
function withoutLoose(items: ResponseInputItem[]): ResponseInputItem[] {
  const last = items.findLastIndex((item) => item.type !== "reasoning");
  return items.slice(0, last + 1);
}
