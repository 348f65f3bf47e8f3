/** Bodies that are signed while they are streamed: frames, each with an HMAC that depends on all before it. */
import { type SigningKey, sha256Hex, toHex } from "./sign.ts";

/** The media type of a tar inside signed frames. */
export const SIGNED_STREAM_TYPE = "application/vnd.tiny-backspace.signed-tar";

/** Bytes of data in one frame. */
export const MAX_FRAME_BYTES = 65_536;

/** A big-endian length, and an HMAC-SHA-256. */
const LENGTH_BYTES = 4;
const HMAC_BYTES = 32;
const HEADER_BYTES = LENGTH_BYTES + HMAC_BYTES;
const CONTEXT = "tiny-backspace-frame-v1";

/**
 * Frames of `data`, and an empty one at the end, so that a body that was cut short shows. The first frame is tied
 * to `signature`, the request's own in hex, and each one to the one before: none can be left out, moved or reused.
 * The scheme is that of AWS Signature Version 4 for chunked uploads, with binary frames.
 */
export async function* encodeSignedStream(
  key: SigningKey,
  signature: string,
  data: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  let previous = signature;
  const frame = async (bytes: Uint8Array) => {
    const out = new Uint8Array(HEADER_BYTES + bytes.byteLength);
    new DataView(out.buffer).setUint32(0, bytes.byteLength);
    out.set(bytes, HEADER_BYTES);
    const text = await frameText(previous, out.slice(HEADER_BYTES));
    const hmac = await crypto.subtle.sign("HMAC", key, text);
    out.set(new Uint8Array(hmac), LENGTH_BYTES);
    previous = toHex(hmac);
    return out;
  };
  for await (const piece of data) {
    for (let at = 0; at < piece.byteLength; at += MAX_FRAME_BYTES)
      yield await frame(piece.subarray(at, at + MAX_FRAME_BYTES));
  }
  yield await frame(new Uint8Array(0));
}

/** Thrown by `decodeSignedStream`; `unauthorized` when a frame was altered, `incomplete` when the end is missing. */
export class SignedStreamError extends Error {
  readonly kind: "unauthorized" | "incomplete";

  constructor(kind: "unauthorized" | "incomplete", message: string) {
    super(message);
    this.name = "SignedStreamError";
    this.kind = kind;
  }
}

/** The data of a signed body; a frame's bytes come out only after it has been verified. Holds one frame at a time. */
export async function* decodeSignedStream(
  key: SigningKey,
  signature: string,
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  let previous = signature;
  let ended = false;
  let pending = new Uint8Array(0);
  for await (const piece of body) {
    if (ended && piece.byteLength > 0)
      throw new SignedStreamError("unauthorized", "Data after the last frame.");
    pending = joined(pending, piece);
    while (pending.byteLength >= HEADER_BYTES) {
      const length = new DataView(pending.buffer, pending.byteOffset).getUint32(0);
      if (length > MAX_FRAME_BYTES) throw new SignedStreamError("unauthorized", "A frame is too long.");
      if (pending.byteLength < HEADER_BYTES + length) break;
      const hmac = pending.slice(LENGTH_BYTES, HEADER_BYTES);
      const data = pending.slice(HEADER_BYTES, HEADER_BYTES + length);
      const text = await frameText(previous, data);
      if (ended || !(await crypto.subtle.verify("HMAC", key, hmac, text)))
        throw new SignedStreamError("unauthorized", "A frame is not signed for this request.");
      previous = toHex(hmac.buffer);
      pending = pending.slice(HEADER_BYTES + length);
      if (length === 0) ended = true;
      else yield data;
    }
  }
  if (ended && pending.byteLength > 0)
    throw new SignedStreamError("unauthorized", "Data after the last frame.");
  if (!ended) throw new SignedStreamError("incomplete", "The body was cut short.");
}

async function frameText(previous: string, data: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new TextEncoder().encode(`${CONTEXT}\n${previous}\n${await sha256Hex(data)}`);
}

function joined(left: Uint8Array<ArrayBuffer>, right: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(left.byteLength + right.byteLength);
  out.set(left);
  out.set(right, left.byteLength);
  return out;
}
