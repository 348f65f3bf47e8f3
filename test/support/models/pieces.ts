/** Takes texts apart where it hurts: inside JSON escapes, surrogate pairs and UTF-8 sequences. */
import type { Random } from "../random.ts";

const MAX_PIECES = 300;

/** The text in up to 300 pieces of one character and more; every second cut is right behind a `\`, `u` or half a pair, if one is near. */
export function piecesOf(text: string, random: Random): string[] {
  const longest = Math.max(12, Math.ceil((2 * text.length) / MAX_PIECES));
  const pieces: string[] = [];
  for (let start = 0; start < text.length; ) {
    let end = start + 1 + random.int(longest);
    if (random.int(2) === 0) end = awkwardCut(text, start, end);
    pieces.push(text.slice(start, end));
    start = end;
  }
  return pieces;
}

function awkwardCut(text: string, start: number, otherwise: number): number {
  for (let at = start + 1; at <= Math.min(otherwise, text.length - 1); at += 1) {
    const before = text.charCodeAt(at - 1);
    const isHalf = before >= 0xd800 && before <= 0xdbff;
    if (isHalf || text[at - 1] === "\\" || (text[at - 1] === "u" && text[at - 2] === "\\")) return at;
  }
  return otherwise;
}

export const CHUNKINGS = ["whole", "events", "ragged", "bytes"] as const;
/** How a stream's bytes are written: at once, an event at a time, at random places, or byte by byte. */
export type Chunking = (typeof CHUNKINGS)[number];

const MAX_WRITES = 3000;

/** The bytes of all frames as they are written, one chunk after the other; up to 3,000. */
export function chunksOf(frames: readonly Uint8Array[], chunking: Chunking, random: Random): Uint8Array[] {
  const bytes = Buffer.concat(frames);
  if (chunking === "whole") return [bytes];
  if (chunking === "events" && frames.length <= MAX_WRITES) return [...frames];
  const least = Math.ceil(bytes.length / MAX_WRITES);
  const chunks: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; ) {
    const size = chunking === "bytes" ? least : 1 + random.int(Math.max(200, 2 * least));
    chunks.push(bytes.subarray(start, start + size));
    start += size;
  }
  return chunks;
}

export interface SseStyle {
  readonly newline: "\n" | "\r\n";
  /** Comment lines between some events, as proxies send them to keep a connection open. */
  readonly comments: boolean;
  /** Escapes everything beyond ASCII in JSON, as Python does. */
  readonly ascii: boolean;
}

export function sseStyle(random: Random): SseStyle {
  return {
    newline: random.pick(["\n", "\r\n"]),
    comments: random.int(2) === 0,
    ascii: random.int(2) === 0,
  };
}

/** One event as bytes; `data` is JSON already, or not on purpose. */
export function sseBytes(
  { event, data }: { readonly event?: string | undefined; readonly data: string },
  { newline, comments, ascii }: SseStyle,
  random: Random,
): Uint8Array {
  const name = event === undefined ? "" : `event: ${event}${newline}`;
  const comment = comments && random.int(4) === 0 ? `: keep-alive${newline}${newline}` : "";
  const line = ascii ? data.replace(/[^\p{ASCII}]/gu, escaped) : data;
  return new TextEncoder().encode(`${comment}${name}data: ${line}${newline}${newline}`);
}

function escaped(character: string): string {
  return character
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}
