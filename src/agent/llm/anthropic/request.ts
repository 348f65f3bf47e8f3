/** A conversation as Anthropic's Messages API takes it. */
import type {
  ContentBlockParam,
  MessageCreateParamsStreaming,
  TextBlockParam,
  Tool,
} from "@anthropic-ai/sdk/resources/messages/messages";
import * as z from "zod";
import type { Message, ModelRequest } from "../model.ts";
import { sendableArguments, sendableName, sendableText, wireIds } from "../sendable.ts";
import { createDigest } from "./digest.ts";

type Assistant = Extract<Message, { role: "assistant" }>;

/** What is kept of an answer beside its text and calls: thinking, and the order of it all. */
export const keptBlockSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("thinking"), thinking: z.string(), signature: z.string() }),
  z.object({ type: z.literal("redacted_thinking"), data: z.string() }),
  z.object({ type: z.literal("text"), text: z.string() }),
  /** Its name and input are the call's. */
  z.object({ type: z.literal("tool_use"), id: z.string() }),
]);
export type KeptBlock = z.infer<typeof keptBlockSchema>;

/**
 * The blocks behind a digest of what the model had read: thinking is taken back only behind the very same
 * conversation (https://platform.claude.com/docs/en/build-with-claude/preserved-thinking).
 */
const keptSchema = z.tuple([z.object({ type: z.literal("prefix"), digest: z.string() })], keptBlockSchema);

export interface MessagesRequest {
  readonly body: MessageCreateParamsStreaming;
  /** Of all that the model is going to read. */
  readonly digest: string;
}

/**
 * Four breakpoints: behind the tools, which other conversations have too; behind the system prompt; at the end; and
 * where the end was in the request before, because a cache is looked for no further than 20 blocks back.
 */
export function messagesRequest(request: ModelRequest, model: string, protocol: string): MessagesRequest {
  const tools = request.tools.map(
    ({ name, description, parameters }): Tool => ({
      name,
      description,
      input_schema: { type: "object", ...parameters },
    }),
  );
  const system: TextBlockParam = { type: "text", text: sendableText(request.system) };
  const digest = createDigest();
  digest.add(JSON.stringify([tools, system]));
  const messages = messageParams(request.messages, protocol, digest);
  const ends = messages.filter(({ role }) => role === "user").slice(-2);
  return {
    digest: digest.value(),
    body: {
      model,
      stream: true,
      max_tokens: request.maxOutputTokens,
      ...(thinksAdaptively(model) ? { thinking: { type: "adaptive", display: "summarized" } } : {}),
      ...(tools.length === 0
        ? {}
        : { tools: tools.map((tool, index) => (index === tools.length - 1 ? marked(tool) : tool)) }),
      system: [marked(system)],
      messages: messages.map(({ role, content }) => ({
        role,
        content: ends.some((end) => end.content === content)
          ? content.map((block, index) => (index === content.length - 1 ? marked(block) : block))
          : content,
      })),
    },
  };
}

function marked<T extends object>(block: T): T & { cache_control: { type: "ephemeral" } } {
  return { ...block, cache_control: { type: "ephemeral" } };
}

/** Claude 4.6 and later; what came before refuses it. */
function thinksAdaptively(model: string): boolean {
  const [, major, minor] = /^claude-[a-z]+-(\d+)(?:-(\d{1,2}))?(?:-\d{8})?$/.exec(model) ?? [];
  return Number(major) > 4 || (Number(major) === 4 && Number(minor) >= 6);
}

interface Param {
  readonly role: "user" | "assistant";
  readonly content: ContentBlockParam[];
}

/** Roles alternate, so messages of the same role become one. */
function messageParams(
  messages: readonly Message[],
  protocol: string,
  digest: ReturnType<typeof createDigest>,
): Param[] {
  const wireId = wireIds(messages, protocol);
  const params: Param[] = [];
  const add = (role: Param["role"], content: readonly ContentBlockParam[]): void => {
    for (const block of content) digest.add(`${role} ${JSON.stringify(block)}`);
    const last = params.at(-1);
    if (last?.role === role) last.content.push(...content);
    else if (content.length > 0) params.push({ role, content: [...content] });
  };
  for (const message of messages) {
    switch (message.role) {
      case "user":
        add("user", [{ type: "text", text: sendableText(message.text) }]);
        break;
      case "tool":
        add(
          "user",
          message.results.map(({ callId, text, isError }) => ({
            type: "tool_result",
            tool_use_id: wireId(callId),
            content: sendableText(text),
            ...(isError ? { is_error: true } : {}),
          })),
        );
        break;
      case "assistant":
        add("assistant", answerBlocks(message, protocol, digest.value(), wireId));
    }
  }
  return params;
}

function answerBlocks(
  message: Assistant,
  protocol: string,
  prefix: string,
  wireId: (id: string) => string,
): ContentBlockParam[] {
  const raw = message.raw?.protocol === protocol ? keptSchema.safeParse(message.raw.items).data : undefined;
  const [read, ...kept] = raw ?? [];
  const calls = new Map(message.calls.map((call) => [call.id, call]));
  const call = (id: string): ContentBlockParam[] => {
    const { name, arguments: text } = calls.get(id) ?? {};
    if (name === undefined || text === undefined) return [];
    calls.delete(id);
    return [{ type: "tool_use", id: wireId(id), name: sendableName(name), input: sendableArguments(text) }];
  };
  const blocks = kept.flatMap((block): ContentBlockParam[] => {
    switch (block.type) {
      case "tool_use":
        return call(block.id);
      case "text":
        return block.text.trim() === "" ? [] : [block];
      default:
        return read?.digest === prefix ? [block] : [];
    }
  });
  // an answer of another vendor, or of a model whose answers hold nothing to keep
  const said = blocks.some(({ type }) => type === "text") || message.text.trim() === "";
  if (!said) blocks.push({ type: "text", text: message.text.toWellFormed() });
  return [...blocks, ...[...calls.keys()].flatMap(call)];
}
