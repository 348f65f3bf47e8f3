/** OpenAI's models through the Responses API. */
import * as z from "zod";
import { type AdapterOptions, createAdapter, type Reader } from "../adapter.ts";
import type { CallDraft, Draft } from "../answer.ts";
import type { Model, TokenUsage } from "../model.ts";
import type { VendorError } from "../vendor-error.ts";
import { OPENAI_HOST, openaiClient } from "./client.ts";
import { explainOpenai, failureOfCode } from "./error.ts";
import { type KeptItem, responsesRequest } from "./responses-request.ts";

const count = z.int().min(0);
const itemSchema = z.looseObject({ type: z.string() });
const itemEventSchema = z.object({ output_index: z.number(), item: itemSchema });
const textDeltaSchema = z.object({ delta: z.string(), output_index: z.number() });
const messageSchema = z.object({
  content: z.array(z.looseObject({ type: z.string(), text: z.string().optional() })),
  phase: z.enum(["commentary", "final_answer"]).optional().catch(undefined),
});
const callSchema = z.object({
  call_id: z.string().optional(),
  name: z.string().optional(),
  arguments: z.string().optional(),
});
const reasoningSchema = z.object({
  id: z.string(),
  summary: z.array(z.object({ type: z.literal("summary_text"), text: z.string() })).catch([]),
  encrypted_content: z.string(),
});
const errorSchema = z.object({ code: z.string().nullish() });
const endSchema = z.object({
  response: z.looseObject({
    output: z.array(itemSchema).optional(),
    incomplete_details: z.object({ reason: z.string().optional() }).nullish(),
    error: z.object({ code: z.string().optional() }).nullish(),
    usage: z
      .object({
        input_tokens: count,
        input_tokens_details: z
          .object({ cached_tokens: count.optional(), cache_write_tokens: count.optional() })
          .nullish(),
        output_tokens: count,
      })
      .nullish()
      .catch(undefined),
  }),
});

/** Costs nothing until it is asked. */
export function createResponsesModel(options: AdapterOptions): Model {
  const protocol = `responses:${options.model}`;
  return createAdapter(options, {
    provider: "openai",
    label: "OpenAI",
    host: OPENAI_HOST,
    protocol,
    open(request, transport, draft, fail) {
      const body = responsesRequest(request, options.model, protocol);
      draft.asked(body);
      const { signal } = transport;
      return {
        events: openaiClient(options, transport).responses.create(body, { signal }),
        reader: createReader(draft, fail),
      };
    },
    explain: explainOpenai,
  });
}

/** One item of the answer, by its place in it. */
interface Slot {
  readonly type: string;
  /** Whether any of its text has come as it was said. */
  said: boolean;
  call?: CallDraft;
  kept?: KeptItem;
}

function createReader(draft: Draft, fail: VendorError): Reader {
  const slots = new Map<number, Slot>();
  const parse = <S extends z.ZodType>(schema: S, event: unknown): z.infer<S> => {
    const read = schema.safeParse(event);
    if (!read.success) throw fail("broken_stream");
    return read.data;
  };
  const slotAt = (index: number, type: string): Slot => {
    let slot = slots.get(index);
    if (slot === undefined) {
      slot = { type, said: false };
      slots.set(index, slot);
      if (type === "function_call") slot.call = draft.call();
    }
    if (slot.type !== type) throw fail("broken_stream");
    return slot;
  };

  function text(event: unknown): void {
    const { delta, output_index } = parse(textDeltaSchema, event);
    slotAt(output_index, "message").said = true;
    draft.text(delta);
  }

  function callPiece(event: unknown): void {
    const { delta, output_index } = parse(textDeltaSchema, event);
    const { call } = slots.get(output_index) ?? {};
    if (call === undefined) throw fail("broken_stream", { detail: "sent arguments for no tool call" });
    call.append(delta);
  }

  function item(index: number, given: z.infer<typeof itemSchema>, done: boolean): void {
    const slot = slotAt(index, given.type);
    if (given.type === "function_call") {
      const { call_id, name, arguments: text } = parse(callSchema, given);
      slot.call?.identify({ id: call_id, name });
      if (done && text !== undefined) slot.call?.replace(text);
    } else if (given.type === "message" && done) {
      const { content, phase } = parse(messageSchema, given);
      if (content.some(({ type }) => type === "refusal")) throw fail("content_refused");
      const text = content.map((part) => part.text ?? "").join("");
      if (!slot.said) draft.text(text);
      slot.kept = {
        type: "message",
        role: "assistant",
        content: text,
        ...(phase === undefined ? {} : { phase }),
      };
    } else if (given.type === "reasoning" && done) {
      const read = reasoningSchema.safeParse(given);
      if (!read.success) return;
      draft.hidden(read.data.encrypted_content);
      slot.kept = { type: "reasoning", ...read.data };
    }
  }

  function end(event: unknown): "end" {
    const { response } = parse(endSchema, event);
    if (response.usage != null) draft.used(usageOf(response.usage));
    if (slots.size === 0) {
      for (const [index, one] of (response.output ?? []).entries()) item(index, one, true);
    }
    const reason = response.incomplete_details?.reason;
    if (reason === "content_filter") throw fail("content_refused");
    if (reason === "max_output_tokens") draft.stopped("length");
    draft.raw((ids) => keptItems(slots, ids));
    return "end";
  }

  return {
    read(event) {
      const { type, ...rest } = parse(z.looseObject({ type: z.string() }), event);
      switch (type) {
        case "response.output_text.delta":
          text(rest);
          return "more";
        case "response.function_call_arguments.delta":
          callPiece(rest);
          return "more";
        case "response.output_item.added":
        case "response.output_item.done": {
          const { output_index, item: given } = parse(itemEventSchema, rest);
          item(output_index, given, type === "response.output_item.done");
          return "more";
        }
        case "response.failed": {
          const { response } = parse(endSchema, rest);
          if (response.usage != null) draft.used(usageOf(response.usage));
          throw fail(failureOfCode(response.error?.code ?? ""));
        }
        case "error":
          // the SDK throws those that are named so outside the data too
          throw fail(failureOfCode(parse(errorSchema, rest).code ?? ""));
        case "response.completed":
        case "response.incomplete":
          return end(rest);
        default:
          return "more";
      }
    },
  };
}

/** Messages without reasoning or a phase can be made from text and calls again. */
function keptItems(slots: ReadonlyMap<number, Slot>, ids: readonly string[]): readonly KeptItem[] {
  const inOrder = [...slots].sort(([one], [other]) => one - other).map(([, slot]) => slot);
  const callIds = new Map(
    [...slots.values()].filter(({ call }) => call !== undefined).map((slot, index) => [slot, ids[index]]),
  );
  const kept = inOrder.flatMap((slot): KeptItem[] => {
    const id = callIds.get(slot);
    if (id !== undefined) return [{ type: "function_call", call_id: id }];
    return slot.kept === undefined ? [] : [slot.kept];
  });
  const matters = kept.some(
    (one) => one.type === "reasoning" || (one.type === "message" && one.phase !== undefined),
  );
  return matters ? kept : [];
}

function usageOf(usage: NonNullable<z.infer<typeof endSchema>["response"]["usage"]>): TokenUsage {
  const { cached_tokens: cached = 0, cache_write_tokens: cacheWrites = 0 } = usage.input_tokens_details ?? {};
  return { input: usage.input_tokens, cached, cacheWrites, output: usage.output_tokens };
}
