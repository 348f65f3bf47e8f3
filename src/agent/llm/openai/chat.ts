/** OpenAI's models, and those of any server that speaks its protocol, through Chat Completions. */
import * as z from "zod";
import { type AdapterOptions, createAdapter, type Reader } from "../adapter.ts";
import type { CallDraft, Draft } from "../answer.ts";
import type { Model, TokenUsage } from "../model.ts";
import type { VendorError } from "../vendor-error.ts";
import { chatRequest } from "./chat-request.ts";
import { OPENAI_HOST, openaiClient } from "./client.ts";
import { explainOpenai } from "./error.ts";

const count = z.int().min(0);
const callSchema = z.object({
  index: z.number().nullish(),
  id: z.string().nullish(),
  function: z.object({ name: z.string().nullish(), arguments: z.string().nullish() }).nullish(),
});
const deltaSchema = z.object({
  content: z.string().nullish(),
  refusal: z.string().nullish(),
  reasoning_content: z.string().nullish(),
  tool_calls: z.array(callSchema).nullish(),
});
const usageSchema = z.object({
  prompt_tokens: count,
  completion_tokens: count,
  prompt_tokens_details: z
    .object({ cached_tokens: count.nullish(), cache_write_tokens: count.nullish() })
    .nullish(),
});
const chunkSchema = z.object({
  choices: z.array(z.object({ delta: deltaSchema.nullish(), finish_reason: z.string().nullish() })).nullish(),
  usage: usageSchema.nullish().catch(undefined),
});

/** Costs nothing until it is asked. */
export function createChatModel(options: AdapterOptions): Model {
  const protocol = `chat:${options.model}`;
  const { host } = new URL(options.baseUrl);
  return createAdapter(options, {
    provider: "openai",
    label: "OpenAI",
    host: OPENAI_HOST,
    protocol,
    open(request, transport, draft, fail) {
      const body = chatRequest(request, options.model, protocol, host);
      draft.asked(body);
      const { signal } = transport;
      return {
        events: openaiClient(options, transport).chat.completions.create(body, { signal }),
        reader: createReader(draft, fail),
      };
    },
    explain: explainOpenai,
  });
}

type CallPiece = z.infer<typeof callSchema>;

interface OpenCall {
  readonly index: number | undefined;
  readonly id: string;
  readonly draft: CallDraft;
}

function createReader(draft: Draft, fail: VendorError): Reader {
  const calls: OpenCall[] = [];
  const reasoning: string[] = [];
  let finished = false;

  function begin({ index, id }: CallPiece): OpenCall {
    const call = { index: index ?? undefined, id: id ?? "", draft: draft.call() };
    calls.push(call);
    return call;
  }

  /**
   * The call a piece belongs to: by index, else by id, else the last one. Some servers leave out both, or give
   * every call the index 0; then a piece with a name, or with another id, begins a call.
   */
  function callOf(piece: CallPiece): OpenCall {
    const named = (piece.function?.name ?? "") !== "";
    const known = calls.findLast((call) =>
      piece.index == null ? (piece.id ?? "") === "" || call.id === piece.id : call.index === piece.index,
    );
    const another = (piece.id ?? "") === "" ? piece.index == null : piece.id !== known?.id;
    return known === undefined || (named && another) ? begin(piece) : known;
  }

  function delta({
    content,
    refusal,
    reasoning_content: thought,
    tool_calls,
  }: z.infer<typeof deltaSchema>): void {
    if ((refusal ?? "") !== "") throw fail("content_refused");
    if (content != null) draft.text(content);
    if (thought != null) {
      draft.hidden(thought);
      reasoning.push(thought);
    }
    for (const piece of tool_calls ?? []) {
      const call = callOf(piece);
      call.draft.identify({ id: piece.id, name: piece.function?.name });
      call.draft.append(piece.function?.arguments ?? "");
    }
  }

  draft.raw(() => (reasoning.length === 0 ? [] : [{ reasoning_content: reasoning.join("").toWellFormed() }]));
  return {
    read(event) {
      const { success, data } = chunkSchema.safeParse(event);
      if (!success) throw fail("broken_stream");
      if (data.usage != null) draft.used(usageOf(data.usage));
      const choice = data.choices?.[0];
      if (choice?.delta != null) delta(choice.delta);
      const reason = choice?.finish_reason ?? "";
      if (reason === "content_filter") throw fail("content_refused");
      // what routers say when the server behind them failed
      if (reason === "error") throw fail("server_error");
      if (reason === "length") draft.stopped("length");
      finished ||= reason !== "";
      // usage comes behind it
      return finished ? "enough" : "more";
    },
  };
}

function usageOf(usage: z.infer<typeof usageSchema>): TokenUsage {
  const { cached_tokens: cached, cache_write_tokens: cacheWrites } = usage.prompt_tokens_details ?? {};
  return {
    input: usage.prompt_tokens,
    cached: cached ?? 0,
    cacheWrites: cacheWrites ?? 0,
    output: usage.completion_tokens,
  };
}
