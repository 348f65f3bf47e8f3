/** What a file has in place of a text that it lacks: where, and why the two differ, at a cost linear in both. */
import { clip, linesFrom } from "./lines.ts";
import { firstOccurrence } from "./occurrences.ts";
import { pairsOf, similarity } from "./similar.ts";

/** UTF-16 units of a text in which the nearest is looked for: every form of it is a copy. */
export const LARGEST_COMPARED = 2 * 1024 * 1024;
/** Of a line, when lines are compared by their look. */
const COMPARED_CHARACTERS = 200;
const COMPARED_LINES = 500;

export interface Nearest {
  readonly start: number;
  readonly end: number;
  /** A sentence, when it is known. */
  readonly why?: string;
}

/** The same text in another form: both brought to a form in which that difference is gone. */
interface Form {
  readonly why: string;
  readonly text: (text: string) => string;
  /** Where it is not the same as for the file. */
  readonly wanted?: (text: string) => string;
  /** Units of the file's text that are not in its form. */
  readonly drops: RegExp | undefined;
}

const asIs = (text: string): string => text;
const withoutBlanks = (text: string): string => text.replace(/\s+/g, "");
// One unit for one unit: U+0130 is the only one that grows in lower case.
const lower = (text: string): string => text.replaceAll("\u0130", "i").toLowerCase();
const plain = (text: string): string =>
  text
    .replace(/[\u2018\u2019\u201a\u201b\u0060\u00b4]/g, "'")
    .replace(/[\u201c\u201d\u201e\u201f]/g, '"')
    .replace(/[\u2010-\u2015\u2212]/g, "-");
const blankless = /\s/;

const FORMS: readonly Form[] = [
  {
    why: "The line endings differ: write \\r\\n for the lines that end in CRLF; read_file names them.",
    text: (text) => text.replaceAll("\r", ""),
    drops: /\r/,
  },
  {
    why: "old_text has the line numbers that read_file shows; leave them and the tab behind them out.",
    text: asIs,
    wanted: (text) => text.replace(/^ *\d+\t/gm, ""),
    drops: undefined,
  },
  {
    why: "old_text has a backslash and a letter where the file has a line break, a tab or a quote: it is escaped once too often.",
    text: asIs,
    wanted: unescaped,
    drops: undefined,
  },
  {
    why: "The white space differs (indentation, blanks or line breaks).",
    text: withoutBlanks,
    drops: blankless,
  },
  { why: "Upper and lower case differ.", text: (text) => lower(withoutBlanks(text)), drops: blankless },
  {
    why: "Quotes or dashes differ (straight or typographic).",
    text: (text) => plain(withoutBlanks(text)),
    drops: blankless,
  },
];

function unescaped(text: string): string {
  const meanings: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };
  return text.replace(/\\(.)/g, (_, character: string) => meanings[character] ?? character);
}

/**
 * The nearest to `wanted` in a text that does not hold it and is no longer than `LARGEST_COMPARED`;
 * undefined when nothing is like it.
 */
export function nearestText(text: string, wanted: string): Nearest | undefined {
  for (const form of FORMS) {
    const [inFile, searched] = [form.text(text), (form.wanted ?? form.text)(wanted)];
    if (searched === "") continue;
    const at = firstOccurrence(inFile, searched);
    if (at === -1) continue;
    const [start, end] = offsetsIn(text, form.drops, at, at + searched.length - 1);
    return { start, end: end + 1, why: form.why };
  }
  return nearestBlock(text, wanted) ?? nearestLine(text, wanted);
}

/** The offsets in a text of two units of its form. */
function offsetsIn(text: string, drops: RegExp | undefined, first: number, last: number): [number, number] {
  if (drops === undefined) return [first, last];
  let [kept, start] = [-1, 0];
  for (let at = 0; at < text.length; at++) {
    if (drops.test(text.charAt(at))) continue;
    kept++;
    if (kept === first) start = at;
    if (kept === last) return [start, at];
  }
  return [start, text.length - 1];
}

/** Where the most lines of `wanted` stand at the distance they have there. */
function nearestBlock(text: string, wanted: string): Nearest | undefined {
  const places = new Map<string, number>();
  let count = 0;
  for (const { start, end } of linesFrom(wanted)) {
    if (count === COMPARED_LINES) break;
    const line = wanted.slice(start, end).trim();
    if (line.length > 3 && !places.has(line)) places.set(line, count);
    count++;
  }
  const votes = new Map<number, number>();
  let best: number | undefined;
  for (const { number, start, end } of linesFrom(text)) {
    const place = places.get(text.slice(start, end).trim());
    if (place === undefined) continue;
    const first = number - place;
    const vote = (votes.get(first) ?? 0) + 1;
    votes.set(first, vote);
    if (best === undefined || vote > (votes.get(best) ?? 0)) best = first;
  }
  return best === undefined ? undefined : spanOf(text, best, best + count - 1);
}

/** The line that looks most like the longest one of `wanted`. */
function nearestLine(text: string, wanted: string): Nearest | undefined {
  let longest = "";
  for (const { start, end } of linesFrom(wanted)) {
    const line = wanted.slice(start, end).trim();
    if (line.length > longest.length) longest = line;
  }
  const pairs = pairsOf(clip(longest, COMPARED_CHARACTERS));
  let best: { readonly start: number; readonly end: number; readonly score: number } | undefined;
  for (const { start, end } of linesFrom(text)) {
    const score = similarity(pairs, text.slice(start, Math.min(end, start + 2 * COMPARED_CHARACTERS)).trim());
    if (score >= 0.5 && score > (best?.score ?? 0)) best = { start, end, score };
  }
  return best === undefined ? undefined : { start: best.start, end: best.end };
}

function spanOf(text: string, first: number, last: number): Nearest {
  let [from, to] = [0, text.length];
  for (const { number, start, end } of linesFrom(text)) {
    if (number === first) from = start;
    to = end;
    if (number === last) break;
  }
  return { start: from, end: to };
}
