/** Reads patterns that encoders break into lines: base64 after 76 characters (RFC 2045), hexadecimal after 60. */
import type { Automaton } from "./automaton.ts";

export interface LineReader {
  /** Takes the character code at this offset of the stream; offsets come one after the other. */
  step(code: number, at: number): void;
  /** The offset where the beginning of a pattern stands that the text so far ends with; `end` when there is none. */
  begun(end: number): number;
  /** The end of the text: starts anew. */
  flush(): void;
}

/** One CRLF, or an empty line: nobody breaks lines with more, and what is held back has to have an end. */
const MOST_BREAKS = 2;

/**
 * Tells every match of `automaton`, and every beginning of at least `leastPiece` symbols that does not go on, from
 * offset to offset. Line breaks inside belong to what is told, and to no pattern.
 */
export function createLineReader(
  automaton: Automaton,
  leastPiece: number,
  tell: (start: number, end: number) => void,
): LineReader {
  /** Twice what one pattern can have, so that they are seldom sorted out. */
  const mostKept = 2 * MOST_BREAKS * automaton.longest;
  let state = 0;
  /** Behind the last symbol that was read; what follows are breaks. */
  let end = 0;
  /** Where the breaks are among the symbols that `state` stands for, or a few before. */
  let breaks: number[] = [];

  const startOf = (depth: number): number => {
    let start = end - depth;
    for (let last = breaks.length - 1; (breaks[last] ?? -1) >= start; last -= 1) start -= 1;
    return start;
  };

  const tellPiece = () => {
    const depth = automaton.depth(state);
    if (depth >= leastPiece) tell(startOf(depth), end);
  };

  return {
    step(code, at) {
      // Most of any text: nothing has begun, and no pattern is a single symbol.
      if (state === 0) {
        state = automaton.step(0, code);
        end = at + 1;
        return;
      }
      const before = automaton.depth(state);
      if (isBreak(code) && at - end < MOST_BREAKS) return;
      const next = automaton.step(state, code);
      const depth = automaton.depth(next);
      if (depth <= before) tellPiece();
      if (depth > 1) for (let skipped = end; skipped < at; skipped += 1) breaks.push(skipped);
      else if (breaks.length > 0) breaks = [];
      state = next;
      end = at + 1;
      if (breaks.length > mostKept) {
        const start = startOf(depth);
        breaks = breaks.filter((place) => place > start);
      }
      const matched = automaton.match(state);
      if (matched > 0) tell(startOf(matched), end);
    },
    begun(last) {
      const depth = automaton.depth(state);
      return depth === 0 ? last : startOf(depth);
    },
    flush() {
      tellPiece();
      state = 0;
    },
  };
}

function isBreak(code: number): boolean {
  return code === 0x0a || code === 0x0d;
}
