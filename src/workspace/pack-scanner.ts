/**
 * Reads a pack while it streams in: stops it at the first bound it breaks (404 KB of pack can
 * declare 400 MB, which a later indexer would allocate) and keeps the objects it is asked to keep,
 * so that they need no second reading. Format: gitformat-pack(5).
 */
import zlib from "pako/lib/zlib/inflate.js";
import ZStream from "pako/lib/zlib/zstream.js";
import { ServiceError } from "../errors.ts";
import { applyDelta, deltaResultSize } from "./apply-delta.ts";
import { ascii } from "./bytes.ts";
import type { WorkspaceLimits } from "./limits.ts";

export interface PackScanner {
  /** Checks the next bytes. Throws `pack_too_large`, `object_too_large` or `git_protocol_error`. */
  push(chunk: Uint8Array): void;
  /** Checks that the pack is whole. */
  end(): void;
  /** The objects of the wanted types, deltas on them resolved. */
  readonly kept: Iterable<KeptObject>;
  /** True when every object was kept. */
  readonly keptAll: boolean;
  readonly bytes: number;
  /** Objects seen to their end, and declared in the header (0 until it has arrived). */
  readonly seen: number;
  readonly declared: number;
}

export type KeptType = "commit" | "tree" | "blob";

export interface KeptObject {
  readonly type: KeptType;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const Z_NO_FLUSH = 0;
const Z_OK = 0;
const Z_STREAM_END = 1;
const Z_BUF_ERROR = -5;
const TYPES: readonly (KeptType | undefined)[] = [undefined, "commit", "tree", "blob"];
const OFS_DELTA = 6;
const REF_DELTA = 7;
const TRAILER_BYTES = 20;
const SCRATCH_BYTES = 32 * 1024;
/** Two varints of at most ten bytes: the base's and the result's size open every delta. */
const DELTA_HEADER_BYTES = 20;

type State = "header" | "object" | "base_offset" | "base_id" | "data" | "trailer" | "end";

/** Time: one inflate of the pack. Memory: 64 KiB, what it keeps, and a number for each delta. */
export function createPackScanner(limits: WorkspaceLimits, keeps: ReadonlySet<KeptType>): PackScanner {
  const stream = new ZStream();
  zlib.inflateInit(stream);
  const scratch = new Uint8Array(SCRATCH_BYTES);
  const deltaHeader = new Uint8Array(DELTA_HEADER_BYTES);
  const depths = new Map<number, number>();
  const kept = new Map<number, KeptObject>();

  let state: State = "header";
  let bytes = 0;
  let seen = 0;
  let declared = 0;
  let inflated = 0;
  let deltaBytes = 0;

  const header = new Uint8Array(12);
  let have = 0;

  let objectStart = 0;
  let type = 0;
  let size = 0;
  let shift = 0;
  let firstByte = true;
  let baseOffset = 0;
  /** Where the object goes when it is kept or needed to make one that is. */
  let target: Uint8Array<ArrayBuffer> | undefined;
  let keptBytes = 0;

  function readHeader(byte: number): void {
    header[have++] = byte;
    if (have < header.byteLength) return;
    const view = new DataView(header.buffer);
    if (ascii(header.subarray(0, 4)) !== "PACK" || view.getUint32(4) !== 2)
      throw malformed("no version 2 header");
    declared = view.getUint32(8);
    if (declared > limits.packObjects) {
      throw tooLarge(`declares ${declared} objects; at most ${limits.packObjects} are taken`);
    }
    have = 0;
    state = declared === 0 ? "trailer" : "object";
  }

  function readObjectHeader(byte: number, at: number): void {
    if (firstByte) {
      objectStart = at;
      type = (byte >> 4) & 7;
      size = byte & 15;
      shift = 4;
      firstByte = false;
    } else {
      size += (byte & 127) * 2 ** shift;
      shift += 7;
      if (shift > 53) throw malformed("an object's size does not fit");
    }
    if (byte & 128) return;
    firstByte = true;
    if (type === 0 || type === 5) throw malformed(`object type ${type}`);
    checkObject(size);
    baseOffset = 0;
    have = 0;
    state = type === OFS_DELTA ? "base_offset" : type === REF_DELTA ? "base_id" : "data";
    if (state === "data") startData();
  }

  function readBaseOffset(byte: number): void {
    baseOffset = have++ === 0 ? byte & 127 : (baseOffset + 1) * 128 + (byte & 127);
    if (byte & 128) return;
    if (baseOffset <= 0 || baseOffset > objectStart) throw malformed("a delta points outside the pack");
    setDepth((depths.get(objectStart - baseOffset) ?? 0) + 1);
    startData();
  }

  function readBaseId(): void {
    if (++have < 20) return;
    // The base's place is unknown without hashing, so each such delta counts as one deeper.
    setDepth((depths.get(-1) ?? 0) + 1);
    depths.set(-1, depths.get(objectStart) ?? 0);
    startData();
  }

  function setDepth(depth: number): void {
    if (depth > limits.deltaDepth) throw tooLarge(`chains more than ${limits.deltaDepth} deltas`);
    depths.set(objectStart, depth);
  }

  function startData(): void {
    zlib.inflateReset(stream);
    // pako sizes its window only when it allocates it, which a reset undoes half.
    stream.state.window = null;
    const plain = TYPES[type];
    const wanted =
      plain === undefined ? type === OFS_DELTA && kept.has(objectStart - baseOffset) : keeps.has(plain);
    target = wanted ? new Uint8Array(size) : undefined;
    state = "data";
  }

  function checkObject(length: number): void {
    if (length > limits.objectBytes) {
      throw new ServiceError(
        "object_too_large",
        `A file of ${length} bytes is over the limit of ${limits.objectBytes} bytes for one file.`,
      );
    }
    inflated += length;
    if (inflated > limits.inflatedBytes) {
      throw tooLarge(`inflates to more than ${limits.inflatedBytes} bytes`);
    }
  }

  /** Inflates from `at` into the target or nowhere; returns where the input was used up to. */
  function readData(chunk: Uint8Array, at: number): number {
    stream.input = chunk;
    stream.next_in = at;
    stream.avail_in = chunk.byteLength - at;
    for (;;) {
      const before = stream.total_out;
      const intoTarget = target !== undefined && before < target.byteLength;
      const output = target !== undefined && intoTarget ? target : scratch;
      stream.output = output;
      stream.next_out = intoTarget ? before : 0;
      stream.avail_out = (intoTarget ? size : SCRATCH_BYTES) - stream.next_out;
      const status = zlib.inflate(stream, Z_NO_FLUSH);
      if (stream.total_out > size) throw malformed("an object is larger than it says");
      if (isDelta() && before < DELTA_HEADER_BYTES) {
        const start = intoTarget ? before : 0;
        deltaHeader.set(
          output.subarray(start, start + Math.min(stream.total_out, DELTA_HEADER_BYTES) - before),
          before,
        );
      }
      if (status === Z_STREAM_END) {
        finishObject();
        return stream.next_in;
      }
      const stuck = status === Z_BUF_ERROR && stream.avail_in > 0 && stream.avail_out > 0;
      if (stuck || (status !== Z_OK && status !== Z_BUF_ERROR)) throw malformed("damaged compressed data");
      if (stream.avail_in === 0) return stream.next_in;
    }
  }

  function isDelta(): boolean {
    return type === OFS_DELTA || type === REF_DELTA;
  }

  function finishObject(): void {
    if (stream.total_out !== size) throw malformed("an object is smaller than it says");
    if (isDelta()) {
      const result = deltaResultSize(deltaHeader.subarray(0, Math.min(size, DELTA_HEADER_BYTES)));
      checkObject(result);
      deltaBytes += result;
      if (deltaBytes > limits.deltaBytes)
        throw tooLarge(`has deltas for more than ${limits.deltaBytes} bytes`);
    }
    if (target !== undefined) {
      const base = type === OFS_DELTA ? kept.get(objectStart - baseOffset) : undefined;
      const plain = TYPES[type];
      if (base !== undefined) keep({ type: base.type, bytes: applyDelta(base.bytes, target) });
      else if (plain !== undefined) keep({ type: plain, bytes: target });
      target = undefined;
    }
    seen++;
    have = 0;
    state = seen === declared ? "trailer" : "object";
  }

  function keep(object: KeptObject): void {
    keptBytes += object.bytes.byteLength;
    if (keptBytes > limits.keptBytes)
      throw tooLarge(`has more than ${limits.keptBytes} bytes to keep in memory`);
    kept.set(objectStart, object);
  }

  return {
    push(chunk) {
      const base = bytes;
      bytes += chunk.byteLength;
      if (bytes > limits.packBytes) throw tooLarge(`is over ${limits.packBytes} bytes`);
      let at = 0;
      while (at < chunk.byteLength) {
        const byte = chunk[at] ?? 0;
        if (state === "data") at = readData(chunk, at);
        else if (state === "end") throw malformed("bytes after its end");
        else {
          if (state === "header") readHeader(byte);
          else if (state === "object") readObjectHeader(byte, base + at);
          else if (state === "base_offset") readBaseOffset(byte);
          else if (state === "base_id") readBaseId();
          else if (++have === TRAILER_BYTES) state = "end";
          at++;
        }
      }
    },
    end() {
      if (state !== "end") {
        const message =
          "The connection to the git server broke while the repository was arriving. Try again.";
        throw new ServiceError("network_error", message, { retryable: true });
      }
    },
    get kept() {
      return kept.values();
    },
    get keptAll() {
      return kept.size === declared;
    },
    get bytes() {
      return bytes;
    },
    get seen() {
      return seen;
    },
    get declared() {
      return declared;
    },
  };
}

function malformed(what: string): ServiceError {
  return new ServiceError("git_protocol_error", `The git server sent a pack that is not valid: ${what}.`);
}

function tooLarge(what: string): ServiceError {
  return new ServiceError(
    "pack_too_large",
    `The repository is too large to work on: what the git server sends ${what}.`,
  );
}
