/** Reads a JSON body without trusting its sender: type, size, time and encoding are all checked here. */
import { ServiceError } from "../errors.ts";
import { jsonErrorPosition } from "./json-position.ts";
import type { StartTimer } from "./timers.ts";

export interface JsonBodyOptions {
  readonly maxBytes: number;
  /** For the whole body, in milliseconds. */
  readonly deadlineMs: number;
  readonly startTimer: StartTimer;
}

/** The JSON body of a request, within the bounds of the service. */
export type ReadBody = (request: Request) => Promise<unknown>;

/**
 * The body's JSON value; `__proto__` arrives as an ordinary own key.
 *
 * @throws ServiceError `unsupported_media_type` (not application/json), `payload_too_large` (counted as
 *   it streams, whatever the headers declare), `timeout` (slower than the deadline) or
 *   `invalid_request` (not UTF-8, not JSON; with the position, never with the text).
 */
export async function readJsonBody(request: Request, options: JsonBodyOptions): Promise<unknown> {
  requireJson(request.headers);
  const bytes = await readBytes(request, options);
  const text = decode(bytes);
  if (text.trim() === "") throw invalid("The body is empty; send a JSON object.");
  try {
    return JSON.parse(text);
  } catch (cause) {
    const { line, column } = jsonErrorPosition(text);
    throw invalid(`The body is not valid JSON at line ${line}, column ${column}.`, cause);
  }
}

function requireJson(headers: Headers): void {
  const type = headers.get("content-type") ?? "";
  const [essence = "", ...parameters] = type.toLowerCase().split(";");
  if (essence.trim() !== "application/json") {
    throw unsupported("The body must be JSON: send the header 'Content-Type: application/json'.");
  }
  const charset = parameters.find((parameter) => parameter.trim().startsWith("charset="));
  if (charset !== undefined && !/^charset="?utf-?8"?$/.test(charset.trim())) {
    throw unsupported(
      "The body must be UTF-8: send 'Content-Type: application/json' without another charset.",
    );
  }
  if (!/^(?:identity)?$/i.test(headers.get("content-encoding") ?? "")) {
    throw unsupported("The body must not be compressed: leave 'Content-Encoding' out.");
  }
}

async function readBytes(request: Request, options: JsonBodyOptions): Promise<Uint8Array> {
  const { maxBytes, deadlineMs } = options;
  if (Number(request.headers.get("content-length")) > maxBytes) throw tooLarge(maxBytes);
  if (request.body === null) return new Uint8Array();
  const reader = request.body.getReader();
  const late = Promise.withResolvers<never>();
  let stalled = false;
  const stopTimer = options.startTimer(() => {
    stalled = true;
    late.reject(
      new ServiceError(
        "timeout",
        `The body did not arrive within ${deadlineMs / 1000} seconds; send it again.`,
      ),
    );
  }, deadlineMs);
  try {
    return await Promise.race([readAll(reader, maxBytes), late.promise]);
  } finally {
    stopTimer();
    // Not awaited: a sender that has stalled may never let a cancellation settle.
    if (stalled) reader.cancel().catch(() => undefined);
    // What was not read is left to lingering().
    else reader.releaseLock();
  }
}

/** One growing buffer: a body in a million one-byte chunks costs no more than its size. */
async function readAll(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array> {
  let buffer = new Uint8Array(Math.min(16_384, maxBytes));
  let length = 0;
  for (;;) {
    const chunk = await readChunk(reader);
    if (chunk === undefined) return buffer.subarray(0, length);
    const needed = length + chunk.length;
    if (needed > maxBytes) throw tooLarge(maxBytes);
    if (needed > buffer.length) {
      const larger = new Uint8Array(Math.min(maxBytes, Math.max(needed, buffer.length * 2)));
      larger.set(buffer.subarray(0, length));
      buffer = larger;
    }
    buffer.set(chunk, length);
    length = needed;
  }
}

async function readChunk(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array | undefined> {
  try {
    const { value } = await reader.read();
    return value;
  } catch (cause) {
    throw invalid("The body broke off before its end; send it again.", cause);
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw invalid(`The body is not valid UTF-8 at byte ${utf8ErrorOffset(bytes)}.`, cause);
  }
}

/** The offset of the first byte that is not UTF-8: where a forgiving decoder and the bytes part ways. */
function utf8ErrorOffset(bytes: Uint8Array): number {
  const repaired = new TextEncoder().encode(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
  const offset = repaired.findIndex((byte, index) => byte !== bytes[index]);
  return offset === -1 ? bytes.length : offset;
}

function invalid(message: string, cause?: unknown): ServiceError {
  return new ServiceError("invalid_request", message, { cause });
}

function unsupported(message: string): ServiceError {
  return new ServiceError("unsupported_media_type", message);
}

function tooLarge(maxBytes: number): ServiceError {
  return new ServiceError("payload_too_large", `The body is larger than ${maxBytes} bytes; send less.`);
}
