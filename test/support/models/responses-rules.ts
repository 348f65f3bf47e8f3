/** What OpenAI's Responses API refuses although its types allow it. */
import { type Complain, checkArguments, checkTools, createCallLedger, type Issued } from "./rules.ts";
import type { ResponsesRequest } from "./wire-types.ts";

const CALL_ID = /^[\x21-\x7e]{1,64}$/;
const REASONING_MODEL = /^(?:o\d|gpt-[5-9])(?!.*chat)/;

export function checkResponses(body: ResponsesRequest, issued: Issued, complain: Complain): void {
  const items = Array.isArray(body.input) ? body.input : [];
  const calls = createCallLedger(CALL_ID, complain);
  checkTools(
    (body.tools ?? []).flatMap((tool) => (tool.type === "function" ? [tool.name] : [])),
    complain,
  );
  if ((body.prompt_cache_key ?? "").length > 64) complain("prompt_cache_key has more than 64 characters");
  if ((body.max_output_tokens ?? 16) < 16) complain("max_output_tokens is less than 16");
  if (
    body.include?.includes("reasoning.encrypted_content") === true &&
    !REASONING_MODEL.test(body.model ?? "")
  ) {
    complain(`encrypted content is not supported with ${body.model}`);
  }
  const first = items[0];
  if (first === undefined || !("role" in first) || first.role !== "user") {
    complain("the input does not begin with the user");
  }
  items.forEach((item, index) => {
    switch (item.type) {
      case "function_call":
        calls.called(item.call_id, item.name);
        checkArguments(item.arguments, complain);
        return;
      case "function_call_output":
        calls.answered(item.call_id ?? "");
        return;
      case "reasoning": {
        const known = issued.signatures.get(item.encrypted_content ?? "");
        if (known === undefined) complain("the encrypted content of a reasoning item could not be verified");
        else if (known.model !== body.model) complain(`reasoning of ${known.model} is sent to ${body.model}`);
        const next = items[index + 1];
        const follows =
          next?.type === "function_call" ||
          next?.type === "reasoning" ||
          (next !== undefined && "role" in next && next.role === "assistant");
        if (!follows) complain(`the reasoning item ${item.id} is without its following item`);
        calls.settled("reasoning");
        return;
      }
      default:
        if (!("role" in item && "content" in item)) {
          complain(`an item ${item.type} was never asked for`);
          return;
        }
        calls.settled(`a message of the ${item.role}`);
        if (item.content.length === 0) complain("a message has no content");
    }
  });
  calls.settled("the end");
  const last = items.at(-1);
  if (last !== undefined && "role" in last && last.role === "assistant") {
    complain("the input ends with the assistant");
  }
}
