/** AWS's event stream encoding (application/vnd.amazon.eventstream), written from its specification. */
import { crc32 } from "node:zlib";

const STRING_HEADER = 7;

/** One message: lengths, CRC-32, headers, payload, CRC-32. */
export function encodeMessage(headers: Readonly<Record<string, string>>, payload: Uint8Array): Buffer {
  const encoded = Buffer.concat(Object.entries(headers).map(([name, value]) => encodeHeader(name, value)));
  const prelude = Buffer.alloc(8);
  prelude.writeUInt32BE(16 + encoded.byteLength + payload.byteLength, 0);
  prelude.writeUInt32BE(encoded.byteLength, 4);
  const head = Buffer.concat([prelude, checksum(prelude), encoded, payload]);
  return Buffer.concat([head, checksum(head)]);
}

function encodeHeader(name: string, value: string): Buffer {
  const text = Buffer.from(value);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(text.byteLength);
  return Buffer.concat([
    Buffer.of(Buffer.byteLength(name)),
    Buffer.from(name),
    Buffer.of(STRING_HEADER),
    length,
    text,
  ]);
}

function checksum(bytes: Uint8Array): Buffer {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes));
  return sum;
}

export function payloadChunk(bytes: Uint8Array): Buffer {
  return encodeMessage(
    {
      ":message-type": "event",
      ":event-type": "PayloadChunk",
      ":content-type": "application/octet-stream",
    },
    bytes,
  );
}

/** The last message; with an error when the function failed. */
export function invokeComplete(error?: { readonly code: string; readonly details: unknown }): Buffer {
  const body =
    error === undefined ? {} : { ErrorCode: error.code, ErrorDetails: JSON.stringify(error.details) };
  return encodeMessage(
    { ":message-type": "event", ":event-type": "InvokeComplete", ":content-type": "application/json" },
    Buffer.from(JSON.stringify(body)),
  );
}
