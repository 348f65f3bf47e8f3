/** The vendors' prompt caches, played through: what of a request was read before, and what is kept of it. */
import { createHash } from "node:crypto";
import { blocksRead } from "./prefix.ts";
import type { Protocol, TurnUsage } from "./turn.ts";
import type { ChatRequest, MessagesRequest, ResponsesRequest } from "./wire-types.ts";

/** Shorter prefixes are not kept, by any vendor. */
const LEAST_TOKENS = 1024;
/** OpenAI matches in steps. */
const STEP_TOKENS = 128;
/** How many blocks before a breakpoint Anthropic looks for one that was written before. */
const LOOK_BACK = 20;
const BYTES_PER_TOKEN = 4;
/** Where OpenAI takes money for writing. */
const PAID_WRITES = /^gpt-(?:5\.[6-9]|[6-9])/;

export type InputUsage = Omit<TurnUsage, "output">;

export interface PromptCache {
  /** Counts the request's input, and keeps what the vendor would keep. `account` is the API key. */
  read(protocol: Protocol, body: unknown, account: string): InputUsage;
}

/** Four bytes make a token. */
export function tokensOf(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN);
}

export function createPromptCache(): PromptCache {
  const written = new Set<string>();
  const before = new Map<string, string[]>();
  return {
    read(protocol, body, account) {
      if (protocol === "messages") return readMarked(body as MessagesRequest, account, written);
      return readLongest(protocol, body as ResponsesRequest | ChatRequest, account, before);
    },
  };
}

/** Anthropic: prefixes are kept up to each breakpoint, and found at a breakpoint or up to 20 blocks before it. */
function readMarked(body: MessagesRequest, account: string, written: Set<string>): InputUsage {
  const digest = createHash("sha256").update(`${account}\n${body.model}`);
  let bytes = 0;
  const ends = blocksRead(body).map((block) => {
    digest.update(`${block}\n`);
    bytes += Buffer.byteLength(block);
    return { key: digest.copy().digest("hex"), tokens: Math.ceil(bytes / BYTES_PER_TOKEN) };
  });
  const marks = breakpointsOf(body).flatMap((at) => {
    const end = ends[at];
    return end === undefined || end.tokens < LEAST_TOKENS ? [] : [{ at, ...end }];
  });
  const hits = marks.flatMap(({ at }) =>
    ends.slice(Math.max(0, at - LOOK_BACK), at + 1).filter(({ key }) => written.has(key)),
  );
  const cached = Math.max(0, ...hits.map(({ tokens }) => tokens));
  const kept = Math.max(cached, ...marks.map(({ tokens }) => tokens));
  for (const { key } of marks) written.add(key);
  return { input: Math.ceil(bytes / BYTES_PER_TOKEN), cached, cacheWrites: kept - cached };
}

/** The places of the marked blocks among all that the model reads. */
function breakpointsOf(body: MessagesRequest): number[] {
  const system = typeof body.system === "string" ? [{}] : (body.system ?? []);
  const blocks = body.messages.flatMap(({ content }) => (typeof content === "string" ? [{}] : content));
  return [...(body.tools ?? []), ...system, ...blocks].flatMap((block, index) =>
    "cache_control" in block && block.cache_control != null ? [index] : [],
  );
}

/** OpenAI: the longest beginning that an earlier request with the same key had too. */
function readLongest(
  protocol: "responses" | "chat",
  body: ResponsesRequest | ChatRequest,
  account: string,
  before: Map<string, string[]>,
): InputUsage {
  const text = JSON.stringify(
    "messages" in body ? [body.tools, body.messages] : [body.tools, body.instructions, body.input],
  );
  const key = [protocol, account, body.model, body.prompt_cache_key].join("\n");
  const earlier = before.get(key) ?? [];
  before.set(key, [...earlier, text]);
  const input = tokensOf(text);
  const common = Math.max(0, ...earlier.map((other) => commonTokens(text, other)));
  const cached = common < LEAST_TOKENS ? 0 : common - (common % STEP_TOKENS);
  const paid = input >= LEAST_TOKENS && PAID_WRITES.test(body.model ?? "");
  return { input, cached, cacheWrites: paid ? input - cached : 0 };
}

function commonTokens(one: string, other: string): number {
  let length = 0;
  const most = Math.min(one.length, other.length);
  while (length < most && one.charCodeAt(length) === other.charCodeAt(length)) length += 1;
  return Math.floor(Buffer.byteLength(one.slice(0, length)) / BYTES_PER_TOKEN);
}
