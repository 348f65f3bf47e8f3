/** Answers with a status that is no success, or none at all. */
import type { ModelFailure } from "../../../src/agent/llm/model.ts";
import type { Exchange } from "./exchange.ts";
import { type Fault, VENDOR_WORDS } from "./fault.ts";
import type { Protocol } from "./turn.ts";

/** Far away: nobody waits longer than a day. */
const DATE = "Sun, 06 Nov 2094 08:49:37 GMT";
const DAY_MS = 86_400_000;
const HTML = `<!doctype html><title>${VENDOR_WORDS}</title><h1>Bad gateway</h1>`;

interface Refusal {
  readonly status: number;
  readonly expects: ModelFailure;
  /** OpenAI's `code`. */
  readonly code?: string;
  /** The vendors' `type`: OpenAI's, Anthropic's. */
  readonly types: readonly [openai: string, anthropic: string];
  readonly headers?: Readonly<Record<string, string>>;
  readonly retryAfterMs?: number;
  /** Anthropic tells some errors apart by nothing but their words. */
  readonly words?: string;
}

const REFUSALS: Readonly<Record<string, Refusal>> = {
  "401": {
    status: 401,
    expects: "unauthorized",
    code: "invalid_api_key",
    types: ["invalid_request_error", "authentication_error"],
  },
  "403": {
    status: 403,
    expects: "unauthorized",
    code: "unsupported_country_region_territory",
    types: ["request_forbidden", "permission_error"],
  },
  "404 unknown model": {
    status: 404,
    expects: "request_refused",
    code: "model_not_found",
    types: ["invalid_request_error", "not_found_error"],
  },
  "400": {
    status: 400,
    expects: "request_refused",
    types: ["invalid_request_error", "invalid_request_error"],
  },
  "400 context too long": {
    status: 400,
    expects: "context_too_long",
    code: "context_length_exceeded",
    types: ["invalid_request_error", "invalid_request_error"],
    words: "prompt is too long: 200251 tokens > 200000 maximum",
  },
  "413": {
    status: 413,
    expects: "context_too_long",
    types: ["invalid_request_error", "request_too_large"],
  },
  "429": {
    status: 429,
    expects: "rate_limited",
    code: "rate_limit_exceeded",
    types: ["requests", "rate_limit_error"],
  },
  "429 Retry-After in seconds": {
    status: 429,
    expects: "rate_limited",
    code: "rate_limit_exceeded",
    types: ["tokens", "rate_limit_error"],
    headers: { "retry-after": "7" },
    retryAfterMs: 7000,
  },
  "429 Retry-After as a date": {
    status: 429,
    expects: "rate_limited",
    code: "rate_limit_exceeded",
    types: ["tokens", "rate_limit_error"],
    headers: { "retry-after": DATE },
    retryAfterMs: DAY_MS,
  },
  "429 retry-after-ms": {
    status: 429,
    expects: "rate_limited",
    code: "rate_limit_exceeded",
    types: ["tokens", "rate_limit_error"],
    headers: { "retry-after-ms": "1500", "retry-after": "2" },
    retryAfterMs: 1500,
  },
  "429 Retry-After of nonsense": {
    status: 429,
    expects: "rate_limited",
    code: "rate_limit_exceeded",
    types: ["tokens", "rate_limit_error"],
    headers: { "retry-after": "soon" },
  },
  "no credit left": {
    status: 429,
    expects: "quota_exceeded",
    code: "insufficient_quota",
    types: ["insufficient_quota", "billing_error"],
  },
  "402": { status: 402, expects: "quota_exceeded", types: ["billing_error", "billing_error"] },
  "500": { status: 500, expects: "server_error", types: ["server_error", "api_error"] },
  "503": { status: 503, expects: "overloaded", types: ["service_unavailable_error", "overloaded_error"] },
  "503 Retry-After in seconds": {
    status: 503,
    expects: "overloaded",
    types: ["service_unavailable_error", "overloaded_error"],
    headers: { "retry-after": "3" },
    retryAfterMs: 3000,
  },
  "529": { status: 529, expects: "overloaded", types: ["overloaded", "overloaded_error"] },
};

/** Anthropic: a 429 that no waiting helps. */
const SPEND_LIMIT: Fault = {
  name: "429 with a spend limit reached",
  expects: "quota_exceeded",
  play: (exchange) => {
    const details = { error_code: "enforced_spend_limit_reached" };
    const error = { type: "rate_limit_error", message: VENDOR_WORDS, details };
    return exchange.reply(429, {}, JSON.stringify({ type: "error", error }));
  },
};

/** Servers like OpenAI's that say it in words only. */
const IN_WORDS: readonly Fault[] = (
  [
    ["context too long", "context_too_long", "This model's maximum context length is 32768 tokens."],
    ["a wrong key", "unauthorized", "API key not valid. Please pass a valid API key."],
  ] as const
).map(([name, expects, message]) => ({
  name: `400 with nothing but words: ${name}`,
  expects,
  play: (exchange) => {
    const error = { message: `${message} ${VENDOR_WORDS}`, type: "BadRequestError", param: null, code: 400 };
    return exchange.reply(400, {}, JSON.stringify({ error }));
  },
}));

export function statusFaults(protocol: Protocol): readonly Fault[] {
  return [
    ...Object.entries(REFUSALS).map(([name, refusal]) => refused(protocol, name, refusal)),
    {
      name: "400 with a credit balance too low",
      // OpenAI never says so
      expects: protocol === "messages" ? "quota_exceeded" : "request_refused",
      play: (exchange) =>
        exchange.reply(
          400,
          {},
          errorBody(protocol, "invalid_request_error", "Your credit balance is too low to access the API."),
        ),
    },
    ...(protocol === "messages" ? [SPEND_LIMIT] : IN_WORDS),
    { name: "502 with HTML", expects: "server_error", play: (exchange) => html(exchange, 502) },
    {
      name: "429 with an empty body",
      expects: "rate_limited",
      play: (exchange) => exchange.reply(429, {}, ""),
    },
    {
      name: "500 with JSON of another shape",
      expects: "server_error",
      play: (exchange) => exchange.reply(500, {}, JSON.stringify({ error: [VENDOR_WORDS, 1, null] })),
    },
    {
      name: "400 with an error that is a text",
      expects: "request_refused",
      play: (exchange) => exchange.reply(400, {}, JSON.stringify({ error: VENDOR_WORDS })),
    },
    {
      name: "500 without end",
      expects: "answer_too_long",
      play: async (exchange) => {
        exchange.open(500, { "content-type": "text/plain" });
        const block = VENDOR_WORDS.repeat(10_000);
        while (!exchange.gone) await exchange.bytes(block);
      },
    },
    {
      name: "connection reset before headers",
      expects: "unreachable",
      play: async (exchange) => exchange.cut(),
    },
    {
      name: "redirect to another host",
      expects: "unreachable",
      play: (exchange) => exchange.reply(307, { location: "http://127.0.0.2:9/v1/stolen" }, ""),
    },
    {
      name: "nothing, not even headers",
      expects: "timeout",
      hangs: true,
      play: (exchange) => exchange.left(),
    },
  ];
}

function refused(protocol: Protocol, name: string, refusal: Refusal): Fault {
  const type = refusal.types[protocol === "messages" ? 1 : 0];
  const body = errorBody(protocol, type, `${refusal.words ?? ""} ${VENDOR_WORDS}`, refusal.code);
  return {
    name,
    expects: refusal.expects,
    ...(refusal.retryAfterMs === undefined ? {} : { retryAfterMs: refusal.retryAfterMs }),
    play: (exchange) => exchange.reply(refusal.status, refusal.headers ?? {}, body),
  };
}

/** As the vendor words it. */
export function errorBody(protocol: Protocol, type: string, message: string, code?: string): string {
  return JSON.stringify(
    protocol === "messages"
      ? { type: "error", error: { type, message }, request_id: "req_1" }
      : { error: { message, type, param: null, code: code ?? null } },
  );
}

function html(exchange: Exchange, status: number): Promise<void> {
  return exchange.reply(status, { "content-type": "text/html" }, HTML);
}
