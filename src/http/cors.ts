/** Lets web pages of other origins use the service, when the operator names them. */
import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import { MODEL_KEY_HEADERS } from "./model-keys.ts";

/** Browsers cap it: Chromium at two hours, Firefox at a day. */
const MAX_AGE_SECONDS = 7_200;

/** `origins` is not empty; `*` alone means every page. Credentials a browser keeps are never used. */
export function allowOrigins(origins: readonly string[]): MiddlewareHandler {
  return cors({
    origin: origins.includes("*") ? "*" : [...origins],
    allowMethods: ["GET", "POST", "DELETE"],
    allowHeaders: [
      "authorization",
      "content-type",
      "accept",
      "last-event-id",
      "idempotency-key",
      "x-github-token",
      ...Object.values(MODEL_KEY_HEADERS).map((name) => name.toLowerCase()),
    ],
    exposeHeaders: ["x-run-id", "location", "retry-after", "idempotent-replayed"],
    maxAge: MAX_AGE_SECONDS,
  });
}
