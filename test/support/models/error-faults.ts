/** Errors that come as an event, when 200 has been said. */
import { before, TEXT_KIND } from "./event-kinds.ts";
import { type Fault, VENDOR_WORDS } from "./fault.ts";
import type { Frame } from "./frames.ts";
import type { Protocol } from "./turn.ts";

export function errorFaults(protocol: Protocol): readonly Fault[] {
  const inside = (name: string, expects: Fault["expects"], frame: Omit<Frame, "kind">): Fault => ({
    name,
    expects,
    play: async (exchange) => {
      await before(exchange, TEXT_KIND[protocol]);
      await exchange.event({ kind: "error", ...frame });
      exchange.end();
    },
  });
  const error = { message: VENDOR_WORDS, param: null };
  const failed = (code: string): Omit<Frame, "kind"> => ({
    event: "response.failed",
    data: {
      type: "response.failed",
      sequence_number: 9,
      response: { id: "r", status: "failed", error: { code, message: VENDOR_WORDS }, output: [] },
    },
  });
  switch (protocol) {
    case "responses":
      return [
        inside("an error event: overloaded", "overloaded", {
          event: "error",
          data: { type: "error", code: "server_is_overloaded", sequence_number: 9, ...error },
        }),
        inside("an error event: too many tokens", "context_too_long", {
          event: "error",
          data: { type: "error", code: "context_length_exceeded", sequence_number: 9, ...error },
        }),
        inside("an error event: no credit left", "quota_exceeded", {
          event: "error",
          data: { type: "error", code: "insufficient_quota", sequence_number: 9, ...error },
        }),
        inside("an error event without its name", "overloaded", {
          data: { type: "error", code: "server_is_overloaded", sequence_number: 9, ...error },
        }),
        inside("response.failed: rate limit", "rate_limited", failed("rate_limit_exceeded")),
        inside("response.failed: server error", "server_error", failed("server_error")),
        inside("response.failed: invalid prompt", "content_refused", failed("invalid_prompt")),
      ];
    case "chat":
      return [
        inside("an error event: overloaded", "overloaded", {
          data: { error: { ...error, type: "overloaded_error", code: "overloaded" } },
        }),
        inside("an error event with a status for its code", "rate_limited", {
          data: { error: { ...error, code: 429 } },
        }),
        inside("an error event without a code", "server_error", { data: { error } }),
        inside("an error event that is a text", "server_error", { data: { error: VENDOR_WORDS } }),
      ];
    case "messages":
      return [
        inside("an error event: overloaded", "overloaded", {
          event: "error",
          data: { type: "error", error: { type: "overloaded_error", message: VENDOR_WORDS } },
        }),
        inside("an error event by another name", "overloaded", {
          event: "message",
          data: { type: "error", error: { type: "overloaded_error", message: VENDOR_WORDS } },
        }),
        inside("an error event: rate limit", "rate_limited", {
          event: "error",
          data: { type: "error", error: { type: "rate_limit_error", message: VENDOR_WORDS } },
        }),
        inside("an error event: server error", "server_error", {
          event: "error",
          data: { type: "error", error: { type: "api_error", message: VENDOR_WORDS } },
        }),
        inside("an error event that is a text", "server_error", { event: "error", data: VENDOR_WORDS }),
      ];
  }
}
