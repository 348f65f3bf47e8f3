/** git's framing: lines with a four-digit hex length, and the special packets (gitprotocol-common(5)). */
import { isAbort, ServiceError } from "../errors.ts";
import { ascii, concat, utf8 } from "./bytes.ts";

export const FLUSH = utf8("0000");
export const DELIMITER = utf8("0001");

/** A text line as a packet, newline added. */
export function pktLine(text: string): Uint8Array {
  const body = utf8(`${text}\n`);
  return concat([utf8((body.byteLength + 4).toString(16).padStart(4, "0")), body]);
}

export type Packet =
  | { readonly kind: "data"; readonly bytes: Uint8Array }
  | { readonly kind: "flush" }
  | { readonly kind: "delimiter" }
  | { readonly kind: "response_end" };

/** A packet's text without its final newline. */
export function packetText(bytes: Uint8Array): string {
  const end = bytes.at(-1) === 0x0a ? bytes.byteLength - 1 : bytes.byteLength;
  return ascii(bytes.subarray(0, end));
}

/**
 * Splits a response body into packets as it arrives. Holds at most one packet (64 KiB) and one
 * network chunk; leaving the loop early cancels the body.
 * Throws `git_protocol_error` for a bad length, `network_error` for a body that ends inside a
 * packet or breaks off.
 */
export async function* readPackets(body: ReadableStream<Uint8Array>): AsyncGenerator<Packet> {
  let rest: Uint8Array = new Uint8Array(0);
  for await (const chunk of whole(body)) {
    let bytes = rest.byteLength === 0 ? chunk : concat([rest, chunk]);
    while (bytes.byteLength >= 4) {
      const length = packetLength(bytes);
      if (length < 4) {
        yield SPECIAL[length] ?? badLength(bytes);
        bytes = bytes.subarray(4);
        continue;
      }
      if (bytes.byteLength < length) break;
      yield { kind: "data", bytes: bytes.subarray(4, length) };
      bytes = bytes.subarray(length);
    }
    rest = bytes;
  }
  if (rest.byteLength > 0) throw brokenOff();
}

/** The body's chunks; a connection that breaks is told apart from a run that was cancelled. */
async function* whole(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw error instanceof ServiceError || isAbort(error) ? error : brokenOff();
  }
}

function brokenOff(): ServiceError {
  return new ServiceError("network_error", "The git server's answer broke off in the middle. Try again.", {
    retryable: true,
  });
}

const SPECIAL: readonly (Packet | undefined)[] = [
  { kind: "flush" },
  { kind: "delimiter" },
  { kind: "response_end" },
  undefined,
];

function packetLength(bytes: Uint8Array): number {
  let length = 0;
  for (let i = 0; i < 4; i++) {
    const digit = hexDigit(bytes[i] ?? 0);
    if (digit < 0) return badLength(bytes);
    length = length * 16 + digit;
  }
  return length;
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function badLength(bytes: Uint8Array): never {
  const start = ascii(bytes.subarray(0, 16)).replace(/[^\x20-\x7e]/g, "?");
  throw new ServiceError("git_protocol_error", `The server does not answer as a git server: "${start}…".`);
}
