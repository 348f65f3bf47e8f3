/** Reads request bodies without trusting their senders: bytes are counted as they come, and time is bounded. */
import { RunnerError } from "../errors.ts";

export const MAX_SMALL_BODY_BYTES = 65_536;
const SMALL_BODY_MS = 10_000;
/** For a whole upload; slower senders hold a place that others wait for. */
const UPLOAD_MS = 180_000;

/** A whole small body. Throws RunnerError `payload_too_large`, or `invalid_request` when it does not come in time. */
export async function readBody(request: Request, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  for await (const piece of bounded(request, maxBytes, SMALL_BODY_MS)) pieces.push(piece);
  const body = new Uint8Array(pieces.reduce((bytes, { byteLength }) => bytes + byteLength, 0));
  let at = 0;
  for (const piece of pieces) {
    body.set(piece, at);
    at += piece.byteLength;
  }
  return body;
}

/** The body of an upload in pieces, with the same errors. The time starts with the first piece that is asked for. */
export function boundedBody(request: Request, maxBytes: number): AsyncGenerator<Uint8Array, void> {
  return bounded(request, maxBytes, UPLOAD_MS);
}

async function* bounded(
  request: Request,
  maxBytes: number,
  milliseconds: number,
): AsyncGenerator<Uint8Array, void> {
  if (Number(request.headers.get("content-length")) > maxBytes) throw tooLarge(maxBytes);
  if (request.body === null) return;
  const reader = request.body.getReader();
  const late = Promise.withResolvers<never>();
  late.promise.catch(() => undefined);
  const timer = setTimeout(() => late.reject(tooSlow(milliseconds)), milliseconds);
  let bytes = 0;
  try {
    for (;;) {
      const { value } = await Promise.race([reader.read(), late.promise]).catch((error: unknown) => {
        if (error instanceof RunnerError) throw error;
        throw new RunnerError("invalid_request", "The body broke off before its end.", { cause: error });
      });
      if (value === undefined) return;
      bytes += value.byteLength;
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      yield value;
    }
  } finally {
    clearTimeout(timer);
    // The server reads and drops the rest, so that the answer arrives; cancelling would close the connection.
    reader.cancel().catch(() => undefined);
  }
}

function tooLarge(maxBytes: number): RunnerError {
  return new RunnerError("payload_too_large", `The body is larger than ${maxBytes} bytes.`);
}

function tooSlow(milliseconds: number): RunnerError {
  return new RunnerError("invalid_request", `The body did not arrive within ${milliseconds / 1000} seconds.`);
}
