/** Writes a pack of whole objects (gitformat-pack(5)): a push carries few, so no deltas are looked for. */
import pako from "pako";
import { concat, utf8 } from "./bytes.ts";
import type { ObjectType } from "./object-store.ts";

const TYPE_BITS: Readonly<Record<ObjectType, number>> = { commit: 1, tree: 2, blob: 3, tag: 4 };
/** From here on the platform's own compressor pays for its start. */
const STREAM_BYTES = 64 * 1024;

export interface PackInput {
  readonly type: ObjectType;
  readonly bytes: Uint8Array;
}

/** The pack's bytes, checksum included. */
export async function writePack(objects: readonly PackInput[]): Promise<Uint8Array<ArrayBuffer>> {
  const header = new DataView(new ArrayBuffer(12));
  header.setUint32(4, 2);
  header.setUint32(8, objects.length);
  const parts: Uint8Array[] = [new Uint8Array(header.buffer)];
  parts[0]?.set(utf8("PACK"));
  for (const { type, bytes } of objects) {
    parts.push(objectHeader(type, bytes.byteLength), await compress(bytes));
  }
  const body = concat(parts);
  return concat([body, new Uint8Array(await crypto.subtle.digest("SHA-1", body))]);
}

/** Type and size: four bits of size in the first byte, seven in each that follows. */
function objectHeader(type: ObjectType, size: number): Uint8Array {
  const bytes = [(TYPE_BITS[type] << 4) | (size & 15)];
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) | 128;
    bytes.push(rest & 127);
  }
  return Uint8Array.from(bytes);
}

async function compress(bytes: Uint8Array): Promise<Uint8Array> {
  return bytes.byteLength < STREAM_BYTES ? pako.deflate(bytes) : zlibStream(bytes);
}

/** zlib (RFC 1950) through the platform's stream. */
export async function zlibStream(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([new Uint8Array(bytes)]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
