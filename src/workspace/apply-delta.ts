/** git's deltas: copies from a base and new bytes in turn (gitformat-pack(5), "Deltified representation"). */
import { ServiceError } from "../errors.ts";

/** The object a delta makes of its base. Throws `git_protocol_error` when it reaches outside of either. */
export function applyDelta(base: Uint8Array, delta: Uint8Array): Uint8Array<ArrayBuffer> {
  const sizes = { at: 0 };
  if (readSize(delta, sizes) !== base.byteLength) throw malformed();
  const result = new Uint8Array(readSize(delta, sizes));
  let { at } = sizes;
  let to = 0;
  const next = (): number => {
    if (at >= delta.byteLength) throw malformed();
    return delta[at++] ?? 0;
  };
  while (at < delta.byteLength) {
    const op = next();
    if (op & 0x80) {
      let offset = 0;
      let size = 0;
      for (let i = 0; i < 4; i++) if (op & (1 << i)) offset += next() * 2 ** (8 * i);
      for (let i = 0; i < 3; i++) if (op & (0x10 << i)) size += next() * 2 ** (8 * i);
      if (size === 0) size = 0x10000;
      if (offset + size > base.byteLength || to + size > result.byteLength) throw malformed();
      result.set(base.subarray(offset, offset + size), to);
      to += size;
    } else {
      if (op === 0 || at + op > delta.byteLength || to + op > result.byteLength) throw malformed();
      result.set(delta.subarray(at, at + op), to);
      at += op;
      to += op;
    }
  }
  if (to !== result.byteLength) throw malformed();
  return result;
}

/** The size a delta says its result has: the second of its two leading numbers. */
export function deltaResultSize(delta: Uint8Array): number {
  const sizes = { at: 0 };
  readSize(delta, sizes);
  return readSize(delta, sizes);
}

function readSize(delta: Uint8Array, position: { at: number }): number {
  let size = 0;
  for (let scale = 1; scale < 2 ** 53; scale *= 128) {
    const byte = delta[position.at++];
    if (byte === undefined) break;
    size += (byte & 127) * scale;
    if (!(byte & 128)) return size;
  }
  throw malformed();
}

function malformed(): ServiceError {
  return new ServiceError("git_protocol_error", "The git server sent a pack with a delta that is not valid.");
}
