/** Lines of a text by number, without an array of them: a file may be eight million line breaks. */

/** A line longer than this is cut where lines are shown. */
export const LINE_CHARACTERS = 2_000;

export interface Line {
  /** 1-based. */
  readonly number: number;
  /** Offsets in the text; `end` is before the line's ending. */
  readonly start: number;
  readonly end: number;
}

/** Lines from one of which the number and start are known, on to the end. */
export function* linesFrom(text: string, number = 1, start = 0): Generator<Line> {
  for (let at = start; at < text.length; number++) {
    const feed = text.indexOf("\n", at);
    const next = feed === -1 ? text.length : feed + 1;
    const ended = feed === -1 ? next : feed;
    const end = feed > at && text.charCodeAt(feed - 1) === 0x0d ? ended - 1 : ended;
    yield { number, start: at, end };
    at = next;
  }
}

/** How many lines a text has; what follows the last line break counts when there is anything. */
export function countLines(text: string): number {
  return text === "" ? 0 : lineAt(text, text.length - 1);
}

/** The number of the line that an offset is in, counted on from a line whose start is known. */
export function lineAt(
  text: string,
  offset: number,
  from: { number: number; start: number } = FIRST,
): number {
  let { number } = from;
  for (let at = text.indexOf("\n", from.start); at !== -1 && at < offset; at = text.indexOf("\n", at + 1)) {
    number++;
  }
  return number;
}

const FIRST = { number: 1, start: 0 };

/** The numbers of the lines these offsets are in; the offsets ascend. */
export function linesAt(text: string, offsets: Iterable<number>, most: number): readonly number[] {
  const numbers: number[] = [];
  let known = FIRST;
  for (const offset of offsets) {
    if (numbers.length === most) break;
    known = { number: lineAt(text, offset, known), start: offset };
    numbers.push(known.number);
  }
  return numbers;
}

/** The text cut at `max` UTF-16 units, never inside of a surrogate pair. */
export function clip(text: string, max: number): string {
  return text.length <= max ? text : text.slice(0, isLead(text, max - 1) ? max - 1 : max);
}

/** The part of a text around an offset, `max` units at most, with an ellipsis where something is missing. */
export function excerpt(text: string, offset: number, max: number): string {
  if (text.length <= max) return text;
  let start = Math.max(0, Math.min(offset - Math.floor(max / 3), text.length - max));
  if (start > 0 && isLead(text, start - 1)) start++;
  const part = clip(text.slice(start), max);
  return `${start > 0 ? "…" : ""}${part}${start + part.length < text.length ? "…" : ""}`;
}

function isLead(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 0xd800 && unit < 0xdc00;
}

/** A line as models see it: right-aligned number, tab, text. */
export function numbered(number: number, text: string): string {
  return `${String(number).padStart(5)}\t${text}`;
}

export interface ShownRegion {
  readonly from: number;
  readonly to: number;
  /** The offset behind the last of the lines. */
  readonly end: number;
  readonly text: string;
}

export interface RegionOptions {
  /** Lines before and after. */
  readonly context: number;
  readonly maxLines: number;
  readonly maxLineCharacters: number;
}

/** The lines around a span of a text, numbered; the middle is left out where there are too many. */
export function region(text: string, start: number, end: number, options: RegionOptions): ShownRegion {
  const half = Math.floor(options.maxLines / 2);
  let at = lineStart(text, start);
  for (let before = 0; before < options.context && at > 0; before++) at = lineStart(text, at - 1);
  const from = lineAt(text, at);
  const head: Line[] = [];
  const tail: Line[] = [];
  let last: Line = { number: from, start: at, end: at };
  let after = 0;
  for (const line of linesFrom(text, from, at)) {
    if (line.start >= end && line.start > start && ++after > options.context) break;
    last = line;
    if (head.length < half) head.push(line);
    else if (tail.push(line) > half) tail.shift();
  }
  const render = (line: Line): string => {
    const focus = Math.max(line.start, Math.min(start, line.end)) - line.start;
    return numbered(line.number, excerpt(text.slice(line.start, line.end), focus, options.maxLineCharacters));
  };
  const left = last.number - from + 1 - head.length - tail.length;
  const gap = left > 0 ? [`      (${left} lines not shown)`] : [];
  const shown = [...head.map(render), ...gap, ...tail.map(render)].join("\n");
  return { from, to: last.number, end: last.end, text: shown };
}

/** The start of the line that an offset is in. */
function lineStart(text: string, offset: number): number {
  return offset === 0 ? 0 : text.lastIndexOf("\n", offset - 1) + 1;
}
