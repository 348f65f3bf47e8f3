/** Replaces secrets in text that arrives in pieces, whatever way they are encoded. */
import { createAutomaton } from "./automaton.ts";
import { createLineReader } from "./line-reader.ts";

/** Replaces patterns in a stream of text. What it returns never depends on where chunks end. */
export interface StreamRedactor {
  /** Takes a chunk and gives back what can no longer become part of a secret. */
  push(chunk: string): string;
  /** The end of the text: gives back the rest, and starts anew. */
  flush(): string;
}

export interface Patterns {
  /** Matched as they are. */
  readonly exact: readonly string[];
  /** Matched where line breaks may be in them. */
  readonly wrapped: readonly string[];
  /** ASCII, lower case; matched in any case, and where line breaks may be in them. */
  readonly caseless: readonly string[];
  /** Bytes; matched where any of them may be percent-encoded. */
  readonly percent: readonly (readonly number[])[];
}

/**
 * Compiles the patterns once; each call of the result is one stream's state. Time is linear in the
 * text. Held back is the longest suffix that may be the beginning of a pattern.
 */
export function createScanner(patterns: Patterns, replacement: string): () => StreamRedactor {
  const exact = createAutomaton(patterns.exact.map(codes));
  const wrapped = createAutomaton(patterns.wrapped.map(codes));
  const caseless = createAutomaton(patterns.caseless.map(codes));
  const percent = createAutomaton(patterns.percent);
  const ringSize = percent.longest + 1;

  return () => {
    /** What is held back; `base` is the offset of its first character in the whole stream. */
    let text = "";
    let base = 0;
    let scanned = 0;
    /** Matches within `text`, in order, merged where they overlap. */
    let found: { start: number; end: number }[] = [];
    let exactState = 0;
    /** The percent-decoding reader lags behind inside `%4`, and needs where its last bytes began. */
    let percentState = 0;
    let decoded = 0;
    let bytes = 0;
    const starts = new Float64Array(ringSize);

    const add = (from: number, to: number) => {
      let start = from;
      let end = to;
      for (let last = found.at(-1); last !== undefined && last.end > start; last = found.at(-1)) {
        start = Math.min(start, last.start);
        end = Math.max(end, last.end);
        found.pop();
      }
      found.push({ start, end });
    };

    /** The beginning of a pattern that does not go on: what is left where a text was cut. */
    const addPiece = (depth: number, start: number, end: number) => {
      if (depth >= LEAST_PIECE) add(start, end);
    };

    const wrappedReader = createLineReader(wrapped, LEAST_PIECE, add);
    const caselessReader = createLineReader(caseless, LEAST_PIECE, add);

    const stepPercent = (symbol: number, length: number) => {
      const depth = percent.depth(percentState);
      if (percent.depth(percent.step(percentState, symbol)) <= depth) {
        addPiece(depth, starts[(bytes - depth) % ringSize] ?? decoded, decoded);
      }
      starts[bytes % ringSize] = decoded;
      bytes += 1;
      decoded += length;
      percentState = percent.step(percentState, symbol);
      const matched = percent.match(percentState);
      if (matched > 0) add(starts[(bytes - matched) % ringSize] ?? decoded, decoded);
    };

    const decodeUpTo = (end: number, final: boolean) => {
      while (decoded < end) {
        const code = text.charCodeAt(decoded - base);
        if (code !== PERCENT) {
          stepPercent(code < 0x80 ? code : -1, 1);
          continue;
        }
        const high = decoded + 1 < end ? hexDigit(text.charCodeAt(decoded + 1 - base)) : undefined;
        const low = decoded + 2 < end ? hexDigit(text.charCodeAt(decoded + 2 - base)) : undefined;
        if (!final && (high === undefined || (high >= 0 && low === undefined))) return;
        if (high !== undefined && high >= 0 && low !== undefined && low >= 0) stepPercent(high * 16 + low, 3);
        else stepPercent(code, 1);
      }
    };

    const take = (end: number): string => {
      let out = "";
      let at = base;
      let kept = 0;
      for (const { start, end: stop } of found) {
        if (start >= end) break;
        out += text.slice(at - base, start - base) + replacement;
        at = stop;
        kept += 1;
      }
      out += text.slice(at - base, end - base);
      found = found.slice(kept);
      text = text.slice(end - base);
      base = end;
      return out;
    };

    return {
      push(chunk) {
        text += chunk;
        const end = base + text.length;
        for (; scanned < end; scanned += 1) {
          const code = text.charCodeAt(scanned - base);
          const exactDepth = exact.depth(exactState);
          exactState = exact.step(exactState, code);
          if (exact.depth(exactState) <= exactDepth) addPiece(exactDepth, scanned - exactDepth, scanned);
          const length = exact.match(exactState);
          if (length > 0) add(scanned + 1 - length, scanned + 1);
          wrappedReader.step(code, scanned);
          caselessReader.step(lower(code), scanned);
          decodeUpTo(scanned + 1, false);
        }
        const depth = percent.depth(percentState);
        let safe = Math.min(
          end - exact.depth(exactState),
          wrappedReader.begun(end),
          caselessReader.begun(end),
          depth === 0 ? decoded : (starts[(bytes - depth) % ringSize] ?? decoded),
        );
        // A match that may still grow is held back whole.
        for (const { start, end: stop } of found) if (start < safe && stop > safe) safe = start;
        return take(safe);
      },
      flush() {
        decodeUpTo(scanned, true);
        const exactDepth = exact.depth(exactState);
        addPiece(exactDepth, scanned - exactDepth, scanned);
        wrappedReader.flush();
        caselessReader.flush();
        const depth = percent.depth(percentState);
        addPiece(depth, starts[(bytes - depth) % ringSize] ?? decoded, decoded);
        const out = take(base + text.length);
        exactState = 0;
        percentState = 0;
        return out;
      },
    };
  };
}

const PERCENT = 0x25;
/** Symbols; a shorter beginning may be a vendor's prefix ("sk-ant-api03-"), or words ("tiny-backspace"). */
const LEAST_PIECE = 18;

function codes(text: string): number[] {
  return Array.from({ length: text.length }, (_, index) => text.charCodeAt(index));
}

function lower(code: number): number {
  return code >= 0x41 && code <= 0x5a ? code + 0x20 : code;
}

/** The digit's value, or -1 for any other character. */
function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = lower(code);
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
