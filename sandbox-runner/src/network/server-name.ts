/**
 * Reads the server name out of the first bytes of a TLS connection: one address may have many sites behind it,
 * and which of them answers is said there, not in the request to the proxy.
 */

/** Far more than clients send, post-quantum keys and all; a hello could be 16 MiB (RFC 8446, 4). */
const MAX_BYTES = 16_384;

const HANDSHAKE_RECORD = 22;
const RECORD_HEADER_BYTES = 5;
const CLIENT_HELLO = 1;
const MESSAGE_HEADER_BYTES = 4;
const VERSION_AND_RANDOM_BYTES = 34;
const SERVER_NAME_EXTENSION = 0;
const HOST_NAME = 0;

/**
 * `more` until there are enough bytes; `not_tls` when they do not start a handshake. `name` is as the client
 * wrote it (RFC 6066, 3), undefined when the hello has none, is malformed or too long.
 */
export type FirstBytes = "more" | "not_tls" | { readonly name: string | undefined };

export function readServerName(bytes: Buffer): FirstBytes {
  if (bytes.length === 0) return "more";
  if (bytes[0] !== HANDSHAKE_RECORD) return "not_tls";
  const message = handshakeOf(bytes);
  const hello = message.subarray(MESSAGE_HEADER_BYTES);
  const length = message.length < MESSAGE_HEADER_BYTES ? undefined : message.readUIntBE(1, 3);
  if (length === undefined || hello.length < length) {
    return bytes.length < MAX_BYTES ? "more" : { name: undefined };
  }
  if (message[0] !== CLIENT_HELLO) return { name: undefined };
  try {
    return { name: hostNameIn(extensionsOf(hello.subarray(0, length))) };
  } catch (error) {
    if (error instanceof RangeError) return { name: undefined };
    throw error;
  }
}

/** What the first records hold together, for they may cut a message anywhere (RFC 8446, 5.1). */
function handshakeOf(bytes: Buffer): Buffer {
  const fragments: Buffer[] = [];
  let at = 0;
  while (at + RECORD_HEADER_BYTES <= bytes.length && bytes[at] === HANDSHAKE_RECORD) {
    const start = at + RECORD_HEADER_BYTES;
    at = start + bytes.readUInt16BE(at + 3);
    fragments.push(bytes.subarray(start, at));
  }
  return Buffer.concat(fragments);
}

/** The extensions of a ClientHello (RFC 8446, 4.1.2). */
function extensionsOf(hello: Buffer): Buffer {
  const sessionId = vector(hello, VERSION_AND_RANDOM_BYTES, 1);
  const cipherSuites = vector(hello, sessionId.end, 2);
  const compression = vector(hello, cipherSuites.end, 1);
  return vector(hello, compression.end, 2).content;
}

/** The one host name; undefined without one, with more, or with a name of another type. */
function hostNameIn(extensions: Buffer): string | undefined {
  const names: string[] = [];
  for (let at = 0; at < extensions.length; ) {
    const extension = vector(extensions, at + 2, 2);
    if (extensions.readUInt16BE(at) === SERVER_NAME_EXTENSION) {
      const list = vector(extension.content, 0, 2).content;
      for (let entry = 0; entry < list.length; ) {
        const name = vector(list, entry + 1, 2);
        names.push(list.readUInt8(entry) === HOST_NAME ? name.content.toString("latin1") : "");
        entry = name.end;
      }
    }
    at = extension.end;
  }
  return names.length === 1 && names[0] !== "" ? names[0] : undefined;
}

/** A variable-length vector (RFC 8446, 3.4): its length in `lengthBytes`, then as much. Throws RangeError past the end. */
function vector(bytes: Buffer, at: number, lengthBytes: number): { content: Buffer; end: number } {
  const start = at + lengthBytes;
  const end = start + bytes.readUIntBE(at, lengthBytes);
  if (end > bytes.length) throw new RangeError("a length points past the end");
  return { content: bytes.subarray(start, end), end };
}
