/** Reads a request of any protocol as what all of them mean. */

import type { Protocol, ScriptRequest, ViewMessage, ViewResult } from "./turn.ts";
import type { ChatRequest, MessagesRequest, ResponsesRequest } from "./wire-types.ts";

export type View = Pick<ScriptRequest, "model" | "system" | "tools" | "messages">;
type Assistant = Extract<ViewMessage, { role: "assistant" }>;

/** The body has to fit the protocol's schema. */
export function viewOf(protocol: Protocol, body: unknown): View {
  switch (protocol) {
    case "responses":
      return fromResponses(body as ResponsesRequest);
    case "chat":
      return fromChat(body as ChatRequest);
    case "messages":
      return fromMessages(body as MessagesRequest);
  }
}

function fromResponses({ model, instructions, tools, input }: ResponsesRequest): View {
  const messages: ViewMessage[] = [];
  const items = typeof input === "string" ? [{ role: "user" as const, content: input }] : (input ?? []);
  for (const item of items) {
    if (item.type === "function_call_output") {
      addResult(messages, { callId: item.call_id ?? "", text: textOf(item.output) });
    } else if (item.type === "function_call") {
      assistant(messages, { calls: [{ id: item.call_id, name: item.name, arguments: item.arguments }] });
    } else if (item.type === "reasoning") {
      assistant(messages, {});
    } else if ("content" in item && item.role === "assistant") {
      assistant(messages, { text: textOf(item.content) });
    } else if ("content" in item && "role" in item) {
      messages.push({ role: "user", text: textOf(item.content) });
    }
  }
  return {
    model: model ?? "",
    system: instructions ?? "",
    tools: (tools ?? []).flatMap((tool) =>
      tool.type === "function" ? [{ name: tool.name, parameters: tool.parameters }] : [],
    ),
    messages,
  };
}

function fromChat({ model, messages: all, tools }: ChatRequest): View {
  const messages: ViewMessage[] = [];
  let system = "";
  for (const message of all) {
    if (message.role === "system" || message.role === "developer") {
      system += textOf(message.content);
    } else if (message.role === "tool") {
      addResult(messages, { callId: message.tool_call_id, text: textOf(message.content) });
    } else if (message.role === "assistant") {
      const calls = (message.tool_calls ?? []).flatMap((call) =>
        call.type === "function" ? [{ id: call.id, ...call.function }] : [],
      );
      messages.push({ role: "assistant", text: textOf(message.content), calls });
    } else {
      messages.push({ role: "user", text: textOf(message.content) });
    }
  }
  return {
    model,
    system,
    tools: (tools ?? []).flatMap((tool) =>
      tool.type === "function" ? [{ name: tool.function.name, parameters: tool.function.parameters }] : [],
    ),
    messages,
  };
}

function fromMessages({ model, system, messages: all, tools }: MessagesRequest): View {
  const messages: ViewMessage[] = [];
  for (const { role, content } of all) {
    const blocks = typeof content === "string" ? [{ type: "text" as const, text: content }] : content;
    if (role === "assistant") {
      const calls = blocks.flatMap((block) =>
        block.type === "tool_use"
          ? [{ id: block.id, name: block.name, arguments: JSON.stringify(block.input) }]
          : [],
      );
      messages.push({ role, text: textOf(blocks), calls });
      continue;
    }
    for (const block of blocks) {
      if (block.type === "tool_result") {
        addResult(messages, { callId: block.tool_use_id, text: textOf(block.content) });
      } else if (block.type === "text") {
        messages.push({ role: "user", text: block.text });
      }
    }
  }
  return {
    model,
    system: textOf(system),
    tools: (tools ?? []).flatMap((tool) =>
      "input_schema" in tool ? [{ name: tool.name, parameters: tool.input_schema }] : [],
    ),
    messages,
  };
}

/** Items of one answer stand next to each other. */
function assistant(messages: ViewMessage[], more: Partial<Assistant>): void {
  const last = messages.at(-1);
  const before: Assistant = last?.role === "assistant" ? last : { role: "assistant", text: "", calls: [] };
  if (last?.role === "assistant") messages.pop();
  messages.push({
    role: "assistant",
    text: before.text + (more.text ?? ""),
    calls: [...before.calls, ...(more.calls ?? [])],
  });
}

function addResult(messages: ViewMessage[], result: ViewResult): void {
  const last = messages.at(-1);
  if (last?.role === "tool") messages.pop();
  messages.push({ role: "tool", results: [...(last?.role === "tool" ? last.results : []), result] });
}

/** A text, or the texts of its parts. */
function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.map((part: { text?: unknown }) => (typeof part.text === "string" ? part.text : "")).join("");
}
