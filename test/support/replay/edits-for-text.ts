/** Turns one text into another by `edit_file` calls, the way models write them: unique, with more or less context. */
import type { Random } from "../random.ts";
import { applyEdit, type Edit, isCrlf } from "./edit.ts";
import { atCharacter, type Hunk, hunksBetween, tightened, wholeDifference } from "./hunks.ts";

/** How a model likes to write edits. */
interface Manner {
  /** Whole lines, what differs and no more, or whole lines and some around them. */
  readonly extent: "lines" | "tight" | "context";
  readonly order: "down" | "up" | "any";
  /** Writes LF for CRLF, as models do that were shown lines. */
  readonly plainLines: boolean;
}

/** More differences than this are written as one. */
const MOST_EDITS = 40;
/** Lines up to this long are taken into an edit whole. */
const LONGEST_LINE = 400;
const LONGEST_TOKEN = 200;

/** Edits that are to be made in order; undefined when one of them cannot be told apart from the rest of the text. */
export function editsForText(before: string, after: string, random: Random): readonly Edit[] | undefined {
  const all = random.int(3) === 0 ? replaceAll(before, after, random) : undefined;
  if (all !== undefined) return [all];
  const manner: Manner = {
    extent: random.pick(["lines", "tight", "context"]),
    order: random.pick(["down", "up", "any"]),
    plainLines: random.int(2) === 0,
  };
  const hunks = hunksBetween(before, after);
  if (hunks.length > MOST_EDITS) return singleEdit(before, after, random);
  return editsFor(before, hunks, manner, random);
}

/** One edit for everything: also where the steps between would not be what the file can hold. */
export function singleEdit(before: string, after: string, random: Random): readonly Edit[] | undefined {
  return editsFor(
    before,
    [wholeDifference(before, after)],
    { extent: "tight", order: "down", plainLines: false },
    random,
  );
}

function editsFor(
  before: string,
  hunks: readonly Hunk[],
  manner: Manner,
  random: Random,
): readonly Edit[] | undefined {
  const made = new Set<Hunk>();
  const edits: Edit[] = [];
  for (const hunk of ordered(hunks, manner.order, random)) {
    const now = withHunks(before, hunks, made);
    made.add(hunk);
    const then = withHunks(before, hunks, made);
    const edit = uniqueEdit(now.text, { ...hunk, ...now.spans.get(hunk) }, then.text, manner, random);
    if (edit === undefined) return undefined;
    edits.push(edit);
  }
  return edits;
}

/** Grows around a hunk until the edit is exact and unique, and does what it should. */
function uniqueEdit(
  text: string,
  hunk: Hunk,
  wanted: string,
  manner: Manner,
  random: Random,
): Edit | undefined {
  const core = manner.extent === "tight" ? tightened(text, hunk) : hunk;
  const byLines =
    longestLine(text, hunk) <= LONGEST_LINE && (manner.extent !== "tight" || random.int(2) === 0);
  let { start, end } = manner.extent === "context" ? grown(text, core, 1 + random.int(3), byLines) : core;
  for (let step = 1; ; step *= 2) {
    const old_text = text.slice(start, end);
    const new_text = text.slice(start, core.start) + core.text + text.slice(core.end, end);
    const exact = { old_text, new_text };
    const plain = { old_text: toLf(old_text), new_text: toLf(new_text) };
    const tried = manner.plainLines && isCrlf(text) ? [plain, exact] : [exact];
    const found = old_text === "" ? undefined : tried.find((edit) => applyEdit(text, edit) === wanted);
    if (found !== undefined) return found;
    if (start === 0 && end === text.length) return undefined;
    ({ start, end } = grown(text, { start, end }, step, byLines));
  }
}

/** A span with so many more lines, or characters, at each end, as far as there are any. */
function grown(text: string, { start, end }: Pick<Hunk, "start" | "end">, by: number, lines: boolean) {
  if (!lines) {
    const last = end + by;
    return {
      start: atCharacter(text, Math.max(0, start - by)),
      end: last >= text.length ? text.length : atCharacter(text, last + 1),
    };
  }
  let [first, last] = [start, end];
  for (let line = 0; line < by; line += 1) {
    first = first <= 1 ? 0 : text.lastIndexOf("\n", first - 2) + 1;
    const feed = text.indexOf("\n", last);
    last = feed < 0 ? text.length : feed + 1;
  }
  return { start: first, end: last };
}

/** The text with the hunks that were made, and where the others are in it. */
function withHunks(before: string, hunks: readonly Hunk[], made: ReadonlySet<Hunk>) {
  const spans = new Map<Hunk, { start: number; end: number }>();
  let text = "";
  let at = 0;
  for (const hunk of hunks) {
    text += before.slice(at, hunk.start);
    const start = text.length;
    text += made.has(hunk) ? hunk.text : before.slice(hunk.start, hunk.end);
    spans.set(hunk, { start, end: text.length });
    at = hunk.end;
  }
  return { text: text + before.slice(at), spans };
}

function ordered(hunks: readonly Hunk[], order: Manner["order"], random: Random): readonly Hunk[] {
  if (order === "down") return hunks;
  if (order === "up") return hunks.toReversed();
  return hunks
    .map((hunk) => ({ hunk, at: random.int(1_000_000) }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ hunk }) => hunk);
}

/** The one word, or part of one, whose replacement everywhere is the whole difference. */
function replaceAll(before: string, after: string, random: Random): Edit | undefined {
  const [first] = hunksBetween(before, after);
  if (first === undefined) return undefined;
  const { start, end, text } = tightened(before, first);
  const begun = /[\w$]*$/.exec(before.slice(Math.max(0, start - LONGEST_TOKEN), start))?.[0] ?? "";
  const wordIn = (whole: string) =>
    begun + (/^[\w$]*/.exec(whole.slice(start, start + LONGEST_TOKEN))?.[0] ?? "");
  const part = { old_text: before.slice(start, end), new_text: text };
  const word = { old_text: wordIn(before), new_text: wordIn(after) };
  return [random.pick([part, word]), word]
    .filter(({ old_text }) => old_text.length <= LONGEST_TOKEN)
    .map((edit) => ({ ...edit, replace_all: true }))
    .find((edit) => applyEdit(before, edit) === after);
}

function longestLine(text: string, { start, end }: Hunk): number {
  const from = text.lastIndexOf("\n", start - 1) + 1;
  const to = text.indexOf("\n", end);
  const lines = text.slice(from, to < 0 ? text.length : to).split("\n");
  return lines.reduce((longest, line) => Math.max(longest, line.length), 0);
}

function toLf(text: string): string {
  return text.replaceAll("\r\n", "\n");
}
