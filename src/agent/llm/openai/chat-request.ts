/** A conversation as Chat Completions takes it, at OpenAI and at servers that speak its protocol. */
import type {
  ChatCompletionAssistantMessageParam,
  ChatCompletionCreateParamsStreaming,
  ChatCompletionMessageParam,
} from "openai/resources/chat/completions/completions";
import * as z from "zod";
import type { Message, ModelRequest } from "../model.ts";
import { sendableJson, sendableName, sendableText, wireIds } from "../sendable.ts";
import { isReasoningModel, OPENAI_HOST } from "./client.ts";

type Assistant = Extract<Message, { role: "assistant" }>;

/** Servers whose models think in the open want to read it again until the turn is over. */
export const keptReasoningSchema = z.tuple([z.object({ reasoning_content: z.string() })]);

const MAX_CACHE_KEY = 64;

export function chatRequest(
  request: ModelRequest,
  model: string,
  protocol: string,
  host: string,
): ChatCompletionCreateParamsStreaming {
  const isOpenai = host === OPENAI_HOST;
  const limit = request.maxOutputTokens;
  return {
    model,
    stream: true,
    stream_options: { include_usage: true },
    messages: [
      { role: "system", content: sendableText(request.system) },
      ...chatMessages(request.messages, protocol),
    ],
    ...(request.tools.length === 0
      ? {}
      : {
          tools: request.tools.map(({ name, description, parameters }) => ({
            type: "function",
            function: { name, description, parameters: { ...parameters } },
          })),
        }),
    // OpenAI's newer models refuse the old name, and servers like it know no other
    ...(isOpenai || isReasoningModel(model) ? { max_completion_tokens: limit } : { max_tokens: limit }),
    // some of them refuse fields they do not know
    ...(isOpenai ? { prompt_cache_key: request.conversation.slice(0, MAX_CACHE_KEY) } : {}),
  };
}

function chatMessages(messages: readonly Message[], protocol: string): ChatCompletionMessageParam[] {
  const wireId = wireIds(messages, protocol);
  return messages.flatMap((message): ChatCompletionMessageParam[] => {
    if (message.role === "user") return [{ role: "user", content: sendableText(message.text) }];
    if (message.role === "assistant") return [answerMessage(message, protocol, wireId)];
    return message.results.map(({ callId, text }) => ({
      role: "tool",
      tool_call_id: wireId(callId),
      content: sendableText(text),
    }));
  });
}

function answerMessage(
  { text, calls, raw }: Assistant,
  protocol: string,
  wireId: (id: string) => string,
): ChatCompletionAssistantMessageParam {
  const kept = raw?.protocol === protocol ? keptReasoningSchema.safeParse(raw.items).data?.[0] : undefined;
  if (calls.length === 0) return { role: "assistant", content: sendableText(text), ...kept };
  return {
    role: "assistant",
    content: text.trim() === "" ? null : text.toWellFormed(),
    ...kept,
    tool_calls: calls.map(({ id, name, arguments: json }) => ({
      id: wireId(id),
      type: "function",
      function: { name: sendableName(name), arguments: sendableJson(json) },
    })),
  };
}
