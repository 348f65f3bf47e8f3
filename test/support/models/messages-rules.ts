/** What Anthropic's Messages API refuses although its types allow it. */

import { prefixDigest } from "./prefix.ts";
import { type Complain, checkTools, createCallLedger, type Issued } from "./rules.ts";
import type { MessagesRequest } from "./wire-types.ts";

type Message = MessagesRequest["messages"][number];
type Block = Exclude<Message["content"], string>[number];

const CALL_ID = /^[a-zA-Z0-9_-]{1,64}$/;
const MAX_BREAKPOINTS = 4;

export function checkMessages(
  body: MessagesRequest,
  headers: Readonly<Record<string, unknown>>,
  issued: Issued,
  complain: Complain,
): void {
  const calls = createCallLedger(CALL_ID, complain);
  if (headers["anthropic-version"] === undefined) complain("the header anthropic-version is missing");
  if (body.max_tokens < 1) complain("max_tokens is less than 1");
  checkTools(
    (body.tools ?? []).map((tool) => ("name" in tool ? tool.name : "")),
    complain,
  );
  checkBreakpoints(body, complain);
  if (body.messages[0]?.role !== "user") complain("the messages do not begin with the user");
  if (body.messages.at(-1)?.role !== "user") complain("the messages do not end with the user");
  for (const block of Array.isArray(body.system) ? body.system : []) checkText(block.text, complain);
  body.messages.forEach((message, index) => {
    const { role } = message;
    if (body.messages[index - 1]?.role === role) complain(`two messages of the ${role} in a row`);
    const blocks = blocksOf(message);
    if (blocks.length === 0) complain(`a message of the ${role} is empty`);
    if (role === "assistant") calls.settled("a message of the assistant");
    blocks.forEach((block, at) => {
      checkBlock(block, role, complain);
      if (block.type === "tool_use") calls.called(block.id, block.name);
      if (block.type === "tool_result") calls.answered(block.tool_use_id);
      else if (role === "user") calls.settled(`a block ${block.type}`);
      checkThinking(body, block, { message: index, block: at }, issued, complain);
    });
  });
  calls.settled("the end");
}

function blocksOf({ content }: Message): readonly Block[] {
  return typeof content === "string" ? [{ type: "text", text: content }] : content;
}

function checkBlock(block: Block, role: string, complain: Complain): void {
  switch (block.type) {
    case "text":
      checkText(block.text, complain);
      return;
    case "tool_use":
      if (role !== "assistant") complain("a call that is not the assistant's");
      if (typeof block.input !== "object" || block.input === null || Array.isArray(block.input)) {
        complain(`the input of ${block.id} is no object`);
      }
      return;
    case "tool_result":
      if (role !== "user") complain("a result that is not the user's");
      if (block.is_error === true && (block.content ?? "") === "") complain("an error without content");
      if (Array.isArray(block.content)) {
        for (const part of block.content) if (part.type === "text") checkText(part.text, complain);
      }
      return;
    case "thinking":
    case "redacted_thinking":
      if (role !== "assistant") complain("thinking that is not the assistant's");
      return;
    default:
      complain(`a block ${block.type} was never asked for`);
  }
}

function checkText(text: string, complain: Complain): void {
  if (text.trim() === "") complain("a text block has nothing but white space");
}

function checkThinking(
  body: MessagesRequest,
  block: Block,
  at: { readonly message: number; readonly block: number },
  issued: Issued,
  complain: Complain,
): void {
  if (block.type !== "thinking") return;
  const known = issued.signatures.get(block.signature);
  if (known === undefined) {
    complain("the signature of a thinking block was never given");
    return;
  }
  if (known.content !== block.thinking) complain("a thinking block was changed");
  if (known.model !== body.model) complain(`thinking of ${known.model} is sent to ${body.model}`);
  if (known.prefix !== prefixDigest(body, at.message)) {
    complain("a thinking block is bound to a different conversation");
  }
}

function checkBreakpoints(body: MessagesRequest, complain: Complain): void {
  const system = Array.isArray(body.system) ? body.system : [];
  const blocks = body.messages.flatMap(({ content }) => (typeof content === "string" ? [] : content));
  const marked = [...(body.tools ?? []), ...system, ...blocks].filter(
    (one) => "cache_control" in one && one.cache_control != null,
  );
  if (marked.length > MAX_BREAKPOINTS) complain(`${marked.length} cache breakpoints`);
}
