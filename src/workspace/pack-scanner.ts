/**
 * Reads a pack while it streams in and stops it at the first bound it breaks, holding no object:
 * 404 KB of pack can declare 400 MB, and the indexer that comes later would allocate them.
 * Format: gitformat-pack(5).
 */
import zlib from "pako/lib/zlib/inflate.js";
import ZStream from "pako/lib/zlib/zstream.js";
import { ServiceError } from "../errors.ts";
import { ascii } from "./bytes.ts";
import type { WorkspaceLimits } from "./limits.ts";

export interface PackScanner {
  /** Checks the next bytes. Throws `pack_too_large`, `object_too_large` or `git_protocol_error`. */
  push(chunk: Uint8Array): void;
  /** Checks that the pack is whole. */
  end(): void;
  readonly bytes: number;
  /** Objects seen to their end, and declared in the header (0 until it has arrived). */
  readonly seen: number;
  readonly declared: number;
}

const Z_NO_FLUSH = 0;
const Z_OK = 0;
const Z_STREAM_END = 1;
const Z_BUF_ERROR = -5;
const OFS_DELTA = 6;
const REF_DELTA = 7;
const TRAILER_BYTES = 20;
const SCRATCH_BYTES = 32 * 1024;
/** Two varints of at most ten bytes: the base's and the result's size open every delta. */
const DELTA_HEADER_BYTES = 20;

type State = "header" | "object" | "base_offset" | "base_id" | "data" | "trailer" | "end";

/** Time: one inflate of the pack. Memory: 64 KiB plus a number for each delta. */
export function createPackScanner(limits: WorkspaceLimits): PackScanner {
  const stream = new ZStream();
  zlib.inflateInit(stream);
  const scratch = new Uint8Array(SCRATCH_BYTES);
  const deltaHeader = new Uint8Array(DELTA_HEADER_BYTES);
  const depths = new Map<number, number>();

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
  let out = 0;

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
    out = 0;
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

  /** Inflates from `at` into nowhere; returns where the input was used up to. */
  function readData(chunk: Uint8Array, at: number): number {
    stream.input = chunk;
    stream.next_in = at;
    stream.avail_in = chunk.byteLength - at;
    for (;;) {
      stream.output = scratch;
      stream.next_out = 0;
      stream.avail_out = SCRATCH_BYTES;
      const status = zlib.inflate(stream, Z_NO_FLUSH);
      const produced = stream.next_out;
      if ((type === OFS_DELTA || type === REF_DELTA) && out < DELTA_HEADER_BYTES) {
        deltaHeader.set(scratch.subarray(0, Math.min(produced, DELTA_HEADER_BYTES - out)), out);
      }
      out += produced;
      if (out > size) throw malformed("an object is larger than it says");
      if (status === Z_STREAM_END) {
        finishObject();
        return stream.next_in;
      }
      if (status !== Z_OK && status !== Z_BUF_ERROR) throw malformed("damaged compressed data");
      if (stream.avail_in === 0 && stream.avail_out > 0) return stream.next_in;
      if (status === Z_BUF_ERROR && stream.avail_out > 0) throw malformed("damaged compressed data");
    }
  }

  function finishObject(): void {
    if (out !== size) throw malformed("an object is smaller than it says");
    if (type === OFS_DELTA || type === REF_DELTA) {
      const result = deltaResultSize(deltaHeader.subarray(0, Math.min(out, DELTA_HEADER_BYTES)));
      checkObject(result);
      deltaBytes += result;
      if (deltaBytes > limits.deltaBytes)
        throw tooLarge(`has deltas for more than ${limits.deltaBytes} bytes`);
    }
    seen++;
    have = 0;
    state = seen === declared ? "trailer" : "object";
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
        throw new ServiceError(
          "git_protocol_error",
          "The connection to the git server broke while the repository was arriving. Try again.",
          {
            retryable: true,
          },
        );
      }
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

/** The size a delta says its result has: the second varint. */
function deltaResultSize(delta: Uint8Array): number {
  let at = 0;
  while ((delta[at] ?? 0) & 128) at++;
  at++;
  let size = 0;
  let scale = 1;
  for (; at < delta.byteLength; at++) {
    const byte = delta[at] ?? 0;
    size += (byte & 127) * scale;
    scale *= 128;
    if (!(byte & 128)) return size;
  }
  throw malformed("a delta without its sizes");
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
