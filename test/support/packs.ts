/** Packs and git answers made by hand, to be as wrong as a test needs (gitformat-pack(5)). */
import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";

export const COMMIT = 1;
export const TREE = 2;
export const BLOB = 3;
const OFS_DELTA = 6;

export interface PackedObject {
  readonly type: number;
  readonly content: Uint8Array;
  /** Declared instead of the content's true size. */
  readonly size?: number;
  /** Makes it a delta on the object this many places before it. */
  readonly deltaOn?: number;
}

/** A whole pack with a true checksum. `count` is declared instead of the true number of objects. */
export function packOf(objects: readonly PackedObject[], count = objects.length): Buffer {
  const header = Buffer.alloc(12);
  header.write("PACK");
  header.writeUInt32BE(2, 4);
  header.writeUInt32BE(count, 8);
  const parts: Buffer[] = [header];
  const offsets: number[] = [];
  let at = header.length;
  for (const [i, { type, content, size = content.byteLength, deltaOn }] of objects.entries()) {
    offsets.push(at);
    const base = deltaOn === undefined ? undefined : at - (offsets[i - deltaOn] ?? 0);
    const head = objectHeader(base === undefined ? type : OFS_DELTA, size);
    const part = Buffer.concat([
      head,
      base === undefined ? Buffer.alloc(0) : offsetBytes(base),
      deflateSync(content, { level: 9 }),
    ]);
    parts.push(part);
    at += part.length;
  }
  const body = Buffer.concat(parts);
  return Buffer.concat([body, createHash("sha1").update(body).digest()]);
}

function objectHeader(type: number, size: number): Buffer {
  const bytes = [(type << 4) | (size & 15)];
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) | 128;
    bytes.push(rest & 127);
  }
  return Buffer.from(bytes);
}

function offsetBytes(offset: number): Buffer {
  const bytes = [offset & 127];
  for (let rest = offset >> 7; rest > 0; rest >>= 7) bytes.unshift(128 | (--rest & 127));
  return Buffer.from(bytes);
}

/** A delta that repeats its base's first 64 KiB until it has made `result` bytes. */
export function repeatingDelta(base: number, result: number): Buffer {
  const ops: number[] = [...varint(base), ...varint(result)];
  for (let made = 0; made < result; made += 0x10000) ops.push(0x80);
  return Buffer.from(ops);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) | 128);
  }
}

/** A protocol version 2 answer to `fetch` that carries this pack. */
export function fetchAnswer(pack: Uint8Array): Buffer {
  const parts = [pktLine("packfile\n")];
  for (let at = 0; at < pack.byteLength; at += 65_515) {
    parts.push(pktLine(Buffer.concat([Buffer.from([1]), pack.subarray(at, at + 65_515)])));
  }
  return Buffer.concat([...parts, Buffer.from("0000")]);
}

export function pktLine(content: string | Buffer): Buffer {
  const body = Buffer.from(content as string);
  return Buffer.concat([Buffer.from((body.length + 4).toString(16).padStart(4, "0")), body]);
}
