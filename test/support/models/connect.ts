/** The real adapters, on the scripted model server. */
import type { AdapterOptions } from "../../../src/agent/llm/adapter.ts";
import { createMessagesModel } from "../../../src/agent/llm/anthropic/messages.ts";
import type { Message, Model, ModelAnswer, ModelRequest } from "../../../src/agent/llm/model.ts";
import { createChatModel } from "../../../src/agent/llm/openai/chat.ts";
import { createResponsesModel } from "../../../src/agent/llm/openai/responses.ts";
import { createEgress } from "../../../src/egress.ts";
import type { ModelServer } from "./server.ts";
import type { Protocol } from "./turn.ts";

export const KEY = "key-5f0c-not-for-anybody";

const MODELS: Readonly<Record<Protocol, string>> = {
  responses: "gpt-6.1-sol",
  chat: "llama-4-coder",
  messages: "claude-sonnet-5-5",
};
const CREATE = {
  responses: createResponsesModel,
  chat: createChatModel,
  messages: createMessagesModel,
} satisfies Record<Protocol, (options: AdapterOptions) => Model>;

/** A model that speaks a protocol with the server, through an egress that reaches nothing else. */
export function connect(
  server: Pick<ModelServer, "openaiUrl" | "anthropicUrl">,
  protocol: Protocol,
  more: Partial<AdapterOptions> = {},
): Model {
  const baseUrl = protocol === "messages" ? server.anthropicUrl : server.openaiUrl;
  return CREATE[protocol]({
    apiKey: KEY,
    baseUrl,
    model: MODELS[protocol],
    fetch: createEgress({ origins: [baseUrl] }),
    facts: { contextWindow: 200_000, maxOutputTokens: 8000, price: undefined },
    idleTimeoutMs: 20_000,
    answerTimeoutMs: 60_000,
    ...more,
  });
}

/** A request with one tool; `messages` is one question when absent. */
export function ask(more: Partial<ModelRequest> = {}): ModelRequest {
  return {
    system: "You edit files.",
    tools: [
      {
        name: "write_file",
        description: "Writes a file.",
        parameters: {
          type: "object",
          properties: { path: { type: "string" }, content: { type: "string" } },
          required: ["path", "content"],
          additionalProperties: false,
        },
      },
    ],
    messages: [{ role: "user", text: "Write a file." }],
    conversation: "run-1",
    maxOutputTokens: 4000,
    signal: new AbortController().signal,
    ...more,
  };
}

export interface Heard {
  /** Everything that was said, as it came. */
  readonly deltas: readonly string[];
  readonly answer: ModelAnswer;
}

/** Hears an answer out. */
export async function hear(model: Model, request: ModelRequest = ask()): Promise<Heard> {
  const deltas: string[] = [];
  const answer = model.answer(request);
  for (;;) {
    const next = await answer.next();
    if (next.done === true) return { deltas, answer: next.value };
    deltas.push(next.value.delta);
  }
}

/** The conversation behind an answer: each call with a result. */
export function continued(
  request: ModelRequest,
  { message }: ModelAnswer,
  result = "done",
): ModelRequest & { readonly messages: readonly Message[] } {
  const results = message.calls.map(({ id }) => ({ callId: id, text: result, isError: false }));
  const next: Message = results.length > 0 ? { role: "tool", results } : { role: "user", text: "Go on." };
  return { ...request, messages: [...request.messages, message, next] };
}
