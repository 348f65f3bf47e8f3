/** Anthropic's models through the Messages API. */
import { BaseAnthropic } from "@anthropic-ai/sdk/client";
import type { Stream } from "@anthropic-ai/sdk/streaming";
import * as z from "zod";
import { type AdapterOptions, createAdapter, type Reader } from "../adapter.ts";
import type { CallDraft, Draft } from "../answer.ts";
import type { Model, TokenUsage } from "../model.ts";
import type { VendorError } from "../vendor-error.ts";
import { explainAnthropic, failureOfType } from "./error.ts";
import { type KeptBlock, messagesRequest } from "./request.ts";

const number = z.int().min(0).nullish();
const usageSchema = z
  .object({
    input_tokens: number,
    cache_read_input_tokens: number,
    cache_creation_input_tokens: number,
    output_tokens: number,
  })
  .nullish()
  .catch(undefined);
const startSchema = z.object({ message: z.object({ usage: usageSchema }) });
const blockStartSchema = z.object({
  index: z.number(),
  content_block: z.looseObject({
    type: z.string(),
    text: z.string().optional(),
    thinking: z.string().optional(),
    signature: z.string().optional(),
    data: z.string().optional(),
    id: z.string().optional(),
    name: z.string().optional(),
  }),
});
const deltaSchema = z.object({
  index: z.number(),
  delta: z.looseObject({
    type: z.string(),
    text: z.string().optional(),
    thinking: z.string().optional(),
    signature: z.string().optional(),
    partial_json: z.string().optional(),
  }),
});
const errorSchema = z.object({ error: z.object({ type: z.string() }) });
const endSchema = z.object({ delta: z.object({ stop_reason: z.string().nullish() }), usage: usageSchema });

/** Costs nothing until it is asked. */
export function createMessagesModel(options: AdapterOptions): Model {
  const protocol = `messages:${options.model}`;
  return createAdapter(options, {
    provider: "anthropic",
    label: "Anthropic",
    host: "api.anthropic.com",
    protocol,
    open(request, transport, draft, fail) {
      const { body, digest } = messagesRequest(request, options.model, protocol);
      draft.asked(body);
      const client = new BaseAnthropic({
        apiKey: options.apiKey,
        baseURL: options.baseUrl,
        fetch: transport.fetch,
        timeout: Math.ceil(options.answerTimeoutMs),
        maxRetries: 0,
        logLevel: "off",
        openTelemetry: false,
        webhookKey: null,
      });
      const { signal } = transport;
      return {
        // what `messages.create` does, without its warnings on the console and half of its size
        events: client.post<Stream<unknown>>("/v1/messages", { body, signal, stream: true }),
        reader: createReader(draft, digest, fail),
      };
    },
    explain: explainAnthropic,
  });
}

interface Block {
  readonly type: string;
  /** Of text and thinking. */
  readonly pieces: string[];
  signature: string;
  readonly data: string | undefined;
  readonly call: CallDraft | undefined;
  /** The input of a call, where a server sends it at once. */
  readonly input: unknown;
}

function createReader(draft: Draft, digest: string, fail: VendorError): Reader {
  const blocks: Block[] = [];
  const open = new Map<number, Block>();
  let usage: z.infer<typeof usageSchema> = {};
  let shown = false;
  const parse = <S extends z.ZodType>(schema: S, event: unknown): z.infer<S> => {
    const read = schema.safeParse(event);
    if (!read.success) throw fail("broken_stream");
    return read.data;
  };

  function begin(event: unknown): void {
    const { index, content_block: given } = parse(blockStartSchema, event);
    const block: Block = {
      type: given.type,
      pieces: [],
      signature: given.signature ?? "",
      data: given.data,
      call: given.type === "tool_use" ? draft.call() : undefined,
      input: given["input"],
    };
    draft.hidden(given.data ?? "");
    block.call?.identify(given);
    blocks.push(block);
    open.set(index, block);
    add(block, (given.type === "thinking" ? given.thinking : given.text) ?? "");
  }

  /** Thinking is shown too: it is where these models say what they are about to do. */
  function add(block: Block, piece: string): void {
    if (piece === "" || (block.type !== "text" && block.type !== "thinking")) return;
    if (block.pieces.length === 0 && shown) draft.aside("\n\n");
    shown = true;
    block.pieces.push(piece);
    if (block.type === "text") draft.text(piece);
    else draft.aside(piece);
  }

  function delta(event: unknown): void {
    const { index, delta: given } = parse(deltaSchema, event);
    const block = open.get(index);
    if (block === undefined) throw fail("broken_stream");
    switch (given.type) {
      case "text_delta":
      case "thinking_delta":
        add(block, given.text ?? given.thinking ?? "");
        return;
      case "signature_delta":
        draft.hidden(given.signature ?? "");
        block.signature += given.signature ?? "";
        return;
      case "input_json_delta":
        block.call?.append(given.partial_json ?? "");
    }
  }

  function end(event: unknown): void {
    const { delta: given, usage: last } = parse(endSchema, event);
    count(last);
    switch (given.stop_reason) {
      case "refusal":
        throw fail("content_refused");
      case "model_context_window_exceeded":
        throw fail("context_too_long");
      case "max_tokens":
        draft.stopped("length");
    }
  }

  /** Counted at once: an answer that fails has cost what was told by then. */
  function count(given: z.infer<typeof usageSchema>): void {
    usage = merged(usage, given);
    const counted = usageOf(usage);
    if (counted !== undefined) draft.used(counted);
  }

  function close(): void {
    for (const { call, input } of blocks) {
      if (call?.length === 0 && input !== undefined) call.replace(JSON.stringify(input));
    }
    draft.raw((ids) => keptBlocks(blocks, ids, digest));
  }

  return {
    read(event) {
      const { type } = parse(z.object({ type: z.string() }), event);
      switch (type) {
        case "message_start":
          count(parse(startSchema, event).message.usage);
          return "more";
        case "content_block_start":
          begin(event);
          return "more";
        case "content_block_delta":
          delta(event);
          return "more";
        case "message_delta":
          end(event);
          return "more";
        case "message_stop":
          close();
          return "end";
        case "error":
          // the SDK throws those that are named so outside the data too
          throw fail(failureOfType(parse(errorSchema, event).error.type));
        default:
          return "more";
      }
    },
  };
}

/** Without thinking there is nothing that text and calls do not say. */
function keptBlocks(blocks: readonly Block[], ids: readonly string[], digest: string): readonly unknown[] {
  const callIds = new Map(
    blocks.filter(({ call }) => call !== undefined).map((block, index) => [block, ids[index]]),
  );
  const kept = blocks.flatMap((block): KeptBlock[] => {
    const id = callIds.get(block);
    const text = block.pieces.join("");
    if (id !== undefined) return [{ type: "tool_use", id }];
    if (block.type === "text") return [{ type: "text", text: text.toWellFormed() }];
    if (block.type === "thinking" && block.signature !== "") {
      return [{ type: "thinking", thinking: text, signature: block.signature }];
    }
    return block.type === "redacted_thinking" && block.data !== undefined
      ? [{ type: "redacted_thinking", data: block.data }]
      : [];
  });
  const matters = kept.some(({ type }) => type === "thinking" || type === "redacted_thinking");
  return matters ? [{ type: "prefix", digest }, ...kept] : [];
}

type Counted = NonNullable<z.infer<typeof usageSchema>>;

/** The counts at the end are of the whole answer; servers that leave some out said them at the start. */
function merged(one: Counted | null | undefined, other: Counted | null | undefined): Counted {
  const given = Object.entries(other ?? {}).filter(([, value]) => value != null);
  return { ...one, ...Object.fromEntries(given) };
}

/** What was read from the cache or written to it is not in `input_tokens`. */
function usageOf(counted: Counted | null | undefined): TokenUsage | undefined {
  const { input_tokens: fresh, output_tokens: output } = counted ?? {};
  if (fresh == null || output == null) return undefined;
  const cached = counted?.cache_read_input_tokens ?? 0;
  const cacheWrites = counted?.cache_creation_input_tokens ?? 0;
  return { input: fresh + cached + cacheWrites, cached, cacheWrites, output };
}
