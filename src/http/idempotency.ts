/** Recognises a retried request (draft-ietf-httpapi-idempotency-key-header): its key, and what it asked for. */
import { ServiceError } from "../errors.ts";
import { sha256Hex } from "./sha256.ts";

const MAX_KEY = 255;

/**
 * The key of a request, or undefined when it has none. It comes as a structured-field string
 * (RFC 9651, section 3.3.3), `"8e03978e"`, or bare; both are the same key.
 *
 * @throws ServiceError `invalid_request` unless the key has 1 to 255 printable ASCII characters.
 */
export function readIdempotencyKey(headers: Headers): string | undefined {
  const raw = headers.get("idempotency-key");
  if (raw === null) return undefined;
  const key = raw.startsWith('"') ? unquote(raw) : raw;
  if (key === undefined || !/^[\x20-\x7e]+$/.test(key) || key.length > MAX_KEY) {
    throw new ServiceError(
      "invalid_request",
      `Idempotency-Key must have 1 to ${MAX_KEY} printable ASCII characters, quoted or not.`,
    );
  }
  return key;
}

function unquote(raw: string): string | undefined {
  const content = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/.exec(raw)?.[1];
  return content?.replace(/\\(["\\])/g, "$1");
}

/** What a request asks for, as 64 hexadecimal digits: the order of a body's fields makes no difference. */
export function fingerprint(path: string, body: unknown): Promise<string> {
  return sha256Hex(`${path}\n${JSON.stringify(sorted(body))}`);
}

/** Recurses as deep as the value, so only for values that a schema has seen. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, entry]) => [key, sorted(entry)]),
  );
}
