/** Decides between a stream of events and one JSON answer (RFC 9110, section 12.5.1). */
import type { Context } from "hono";
import { accepts } from "hono/accepts";

const JSON_TYPE = "application/json";
const EVENTS_TYPE = "text/event-stream";

/** `view` when JSON is named and preferred to events; a wildcard asks for nothing in particular. */
export function wanted(context: Context): "events" | "view" {
  const chosen = accepts(context, {
    header: "Accept",
    supports: [EVENTS_TYPE, JSON_TYPE],
    default: EVENTS_TYPE,
    match(offers) {
      const quality = (type: string) =>
        Math.max(0, ...offers.filter((offer) => offer.type.toLowerCase() === type).map(({ q }) => q));
      return quality(JSON_TYPE) > quality(EVENTS_TYPE) ? JSON_TYPE : EVENTS_TYPE;
    },
  });
  return chosen === JSON_TYPE ? "view" : "events";
}
