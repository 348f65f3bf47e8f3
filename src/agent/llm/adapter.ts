/** What every vendor's adapter is made of: one request, guarded, read event by event into one answer. */
import { createDraft, type Draft } from "./answer.ts";
import { type Model, type ModelAnswer, ModelError, type ModelRequest, type TextDelta } from "./model.ts";
import type { ModelFacts } from "./models.ts";
import { createStreamGuard } from "./stream-guard.ts";
import { type VendorError, vendorErrors } from "./vendor-error.ts";

export interface AdapterOptions {
  readonly apiKey: string;
  /** Where the vendor's own SDK would put it: with `/v1` for OpenAI, without for Anthropic. */
  readonly baseUrl: string;
  /** As the vendor calls it. */
  readonly model: string;
  /** Sends every request; an egress (see egress.ts) that allows `baseUrl`. */
  readonly fetch: typeof fetch;
  readonly facts: ModelFacts;
  /** How long the vendor may send nothing, in milliseconds. */
  readonly idleTimeoutMs: number;
  /** How long an answer may take from request to end, in milliseconds. */
  readonly answerTimeoutMs: number;
}

/** What an SDK's client is to use for one request. */
export interface Transport {
  readonly fetch: typeof fetch;
  readonly signal: AbortSignal;
}

/** Reads the events of one answer. Throws ModelError for what is not the protocol. */
export interface Reader {
  /** `more`: the answer is not complete; `enough`: it may end here; `end`: it has ended. */
  read(event: unknown): "more" | "enough" | "end";
}

/** One request that was sent. */
export interface Opened {
  readonly events: Promise<AsyncIterable<unknown>>;
  readonly reader: Reader;
}

/** What is a vendor's own about an adapter. */
export interface Vendor {
  readonly provider: Model["provider"];
  /** For sentences, when `baseUrl` is the vendor's own. */
  readonly label: string;
  /** The vendor's own host. */
  readonly host: string;
  /** Whose answers may be sent back as they came. */
  readonly protocol: string;
  /** Sends the request and resolves with its events; what it throws is the SDK's. */
  open(request: ModelRequest, transport: Transport, draft: Draft, fail: VendorError): Opened;
  /** The one place where an SDK's errors are understood. */
  explain(error: unknown, fail: VendorError): Error;
}

/** A model of a vendor. Costs nothing until it is asked. */
export function createAdapter(options: AdapterOptions, vendor: Vendor): Model {
  const { host } = new URL(options.baseUrl);
  const fail = vendorErrors(
    host === vendor.host ? vendor.label : `The model server "${host}"`,
    options.model,
  );
  return {
    provider: vendor.provider,
    name: options.model,
    contextWindow: options.facts.contextWindow,
    maxOutputTokens: options.facts.maxOutputTokens,
    price: options.facts.price,
    async *answer(request): AsyncGenerator<TextDelta, ModelAnswer> {
      request.signal.throwIfAborted();
      const guard = createStreamGuard({ ...options, signal: request.signal, fail });
      const draft = createDraft(request.messages, vendor.protocol, fail);
      /** What comes of the vendor, or what is wrong with it. */
      const received = async <T>(promise: Promise<T>): Promise<T> => {
        try {
          return await guard.race(promise);
        } catch (error) {
          throw guard.failure(() => vendor.explain(error, fail));
        }
      };
      let begun = false;
      try {
        const { events, reader } = vendor.open(request, guard, draft, fail);
        const iterator = (await received(events))[Symbol.asyncIterator]();
        begun = true;
        let state: ReturnType<Reader["read"]> = "more";
        while (state !== "end") {
          const next = await received(iterator.next());
          if (next.done === true) break;
          guard.progress();
          state = reader.read(next.value);
          const delta = draft.said();
          if (delta !== "") yield { type: "text", delta };
        }
        if (state === "more") throw fail("broken_stream", { detail: "ended before the answer was complete" });
        const rest = draft.rest();
        if (rest !== "") yield { type: "text", delta: rest };
        return draft.finish();
      } catch (error) {
        if (!begun || !(error instanceof ModelError)) throw error;
        const { failure, message, retryAfterMs } = error;
        throw new ModelError(failure, message, {
          retryAfterMs,
          usage: draft.usage(request.maxOutputTokens),
          cause: error.cause,
        });
      } finally {
        guard.close();
      }
    },
  };
}
