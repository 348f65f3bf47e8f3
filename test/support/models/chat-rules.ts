/** What Chat Completions refuses, at OpenAI or at servers like it, although the types allow it. */
import { type Complain, checkArguments, checkTools, createCallLedger } from "./rules.ts";
import type { ChatRequest } from "./wire-types.ts";

const CALL_ID = /^[\x21-\x7e]{1,40}$/;
const REASONING_MODEL = /^(?:o\d|gpt-[5-9])(?!.*chat)/;

export function checkChat(body: ChatRequest, complain: Complain): void {
  const calls = createCallLedger(CALL_ID, complain);
  checkTools(
    (body.tools ?? []).flatMap((tool) => (tool.type === "function" ? [tool.function.name] : [])),
    complain,
  );
  if (REASONING_MODEL.test(body.model) && "max_tokens" in body) {
    complain(`max_tokens is not supported with ${body.model}: use max_completion_tokens`);
  }
  if ((body.prompt_cache_key ?? "").length > 64) complain("prompt_cache_key has more than 64 characters");
  const said = body.messages.filter(({ role }) => role !== "system" && role !== "developer");
  if (said[0]?.role !== "user") complain("the messages do not begin with the user");
  if (said.at(-1)?.role === "assistant") complain("the messages end with the assistant");
  for (const message of body.messages) {
    if (message.role === "tool") {
      calls.answered(message.tool_call_id);
      continue;
    }
    calls.settled(`a message of the ${message.role}`);
    if (message.role !== "assistant") continue;
    if (message.tool_calls?.length === 0) complain("tool_calls is an empty list");
    if ((message.content ?? "") === "" && message.tool_calls === undefined) {
      complain("a message of the assistant has neither content nor calls");
    }
    for (const call of message.tool_calls ?? []) {
      if (call.type !== "function") continue;
      calls.called(call.id, call.function.name);
      checkArguments(call.function.arguments, complain);
    }
  }
  calls.settled("the end");
}
