/** Splits a prompt into the instructions it joins, by line, semicolon, sentence or "then". */
import type { Instruction } from "./rule.ts";
import { startsQuoted, type Token } from "./tokens.ts";

/** Words an instruction starts with: those that rules know, and common ones that none does, so that they are named in the refusal. */
const VERBS = new Set(
  (
    "create add make write put save generate insert replace change rename substitute swap delete remove erase rm move mv " +
    "wrap handle overwrite set implement introduce license update fix refactor improve build use run install upgrade " +
    "convert document test explain optimize append prepend copy commit push format clean rewrite translate surround"
  ).split(" "),
);
const CONTENT_VERBS = new Set("create add make write put save generate overwrite replace set".split(" "));
const CONTENT_WORDS = new Set(
  "containing contains content contents text with saying says body code following to".split(" "),
);
/** Sets that may stand in front of an instruction without changing it. */
const OPENINGS: readonly (readonly string[])[] = [
  "can you",
  "could you",
  "would you",
  "will you",
  "i want you to",
  "i want to",
  "i need you to",
  "i need to",
  "i'd like you to",
  "i'd like to",
  "i would like you to",
  "i would like to",
  "we need to",
  "we want to",
  "we should",
  "you should",
  "go ahead and",
  "after that",
  "let's",
  "please",
  "kindly",
  "now",
  "also",
  "first",
  "firstly",
  "second",
  "secondly",
  "third",
  "next",
  "finally",
  "lastly",
  "afterwards",
  "then",
  "and",
  "hey",
  "hi",
  "hello",
  "just",
  "simply",
].map((phrase) => phrase.split(" "));
const BULLETS = new Set(["-", "*", "•", "–", "+"]);
const HEADER = new Set(
  "please do make perform apply carry out the following these changes change steps tasks things this to repo repository in".split(
    " ",
  ),
);

/** One segment of a prompt; `pieces` counts the instructions that unquoted content would be, read as such. */
export interface Segment extends Instruction {
  /** Segments that the unquoted content of this one could also be read as. */
  readonly doubtful: readonly Instruction[];
}

const lower = (token: Token | undefined): string => (token?.kind === "word" ? token.text.toLowerCase() : "");
const isMark = (token: Token | undefined, characters: string): boolean =>
  token?.kind === "mark" && characters.includes(token.text);

/** Index of the first token that is not a bullet, number or politeness. */
function skipOpening(tokens: readonly Token[], from: number): number {
  let at = from;
  if (BULLETS.has(lower(tokens[at]))) at += 1;
  else if (/^\d{1,3}$/.test(lower(tokens[at])) && isMark(tokens[at + 1], ".):")) at += 2;
  for (;;) {
    const opening = OPENINGS.find((words) =>
      words.every((word, index) => lower(tokens[at + index]) === word),
    );
    if (opening === undefined) return at;
    at += opening.length;
    if (isMark(tokens[at], ",")) at += 1;
  }
}

/** True when an instruction could begin here. */
function isStart(tokens: readonly Token[], at: number): boolean {
  return VERBS.has(lower(tokens[skipOpening(tokens, at)]));
}

function isSeparator(tokens: readonly Token[], at: number): boolean {
  const token = tokens[at];
  if (token === undefined || isListNumber(tokens, at)) return false;
  const separates = token.kind === "newline" || isMark(token, ";.!?") || lower(token) === "then";
  return separates && isStart(tokens, at + 1);
}

/** True at the dot of `2.` where a line begins. */
function isListNumber(tokens: readonly Token[], at: number): boolean {
  const before = tokens[at - 2];
  return /^\d{1,3}$/.test(lower(tokens[at - 1])) && (before === undefined || before.kind === "newline");
}

/** True at the colon that announces content written without quotes. */
function opensContent(tokens: readonly Token[], first: number, at: number): boolean {
  if (!isMark(tokens[at], ":") || !CONTENT_WORDS.has(lower(tokens[at - 1]))) return false;
  if (!CONTENT_VERBS.has(lower(tokens[skipOpening(tokens, first)]))) return false;
  const next = tokens[at + 1]?.kind === "newline" ? tokens[at + 2] : tokens[at + 1];
  // A quote or fence that is not closed is a slip, not content.
  return next !== undefined && next.kind !== "quoted" && next.kind !== "block" && !startsQuoted(next.text);
}

/** The instructions a prompt is made of, in order. */
export function segmentsOf(prompt: string, tokens: readonly Token[]): readonly Segment[] {
  const segments: Segment[] = [];
  let first = 0;
  for (let at = 0; at <= tokens.length; at += 1) {
    if (opensContent(tokens, first, at)) {
      segments.push(withOpenContent(prompt, tokens, first, at));
      return segments;
    }
    if (at < tokens.length && !isSeparator(tokens, at)) continue;
    const instruction = instructionOf(prompt, tokens.slice(first, at));
    const header = segments.length === 0 && isHeader(instruction.tokens);
    if (instruction.tokens.length > 0 && !header) segments.push({ ...instruction, doubtful: [] });
    first = at + 1;
  }
  return segments;
}

function withOpenContent(prompt: string, tokens: readonly Token[], first: number, colon: number): Segment {
  const after = tokens[colon]?.end ?? prompt.length;
  const content = contentAfter(prompt, after);
  const rest: Token = { kind: "rest", text: content, start: after, end: prompt.length };
  const instruction = instructionOf(prompt, [...tokens.slice(first, colon), rest]);
  return { ...instruction, doubtful: separated(prompt, tokens.slice(colon + 1)) };
}

/** What follows the colon: the rest of the line, or all following lines, without blank lines around. */
function contentAfter(prompt: string, from: number): string {
  let start = from;
  while (prompt.charAt(start) === " " || prompt.charAt(start) === "\t") start += 1;
  if (prompt.charAt(start) === "\r") start += 1;
  if (prompt.charAt(start) === "\n") start += 1;
  return prompt.slice(start).trimEnd();
}

/** Everything after a separator or joining word inside a text, as instructions it might be. */
function separated(prompt: string, tokens: readonly Token[]): readonly Instruction[] {
  const pieces = splitAt(tokens, (at) => isSeparator(tokens, at) || isJoint(tokens, at));
  return pieces.slice(1).map((piece) => instructionOf(prompt, piece));
}

/** True where "and", "," or "plus" stands before another instruction. */
function isJoint(tokens: readonly Token[], at: number): boolean {
  const joins = isMark(tokens[at], ",") || lower(tokens[at]) === "and" || lower(tokens[at]) === "plus";
  return joins && isStart(tokens, at + 1);
}

function splitAt(tokens: readonly Token[], splits: (at: number) => boolean): readonly (readonly Token[])[] {
  const pieces: Token[][] = [[]];
  for (const [at, token] of tokens.entries()) {
    if (splits(at)) pieces.push([]);
    else pieces.at(-1)?.push(token);
  }
  return pieces;
}

function isHeader(tokens: readonly Token[]): boolean {
  const last = tokens.at(-1);
  return isMark(last, ":") && tokens.slice(0, -1).every((token) => HEADER.has(lower(token)));
}

/** An instruction without its bullet, politeness and line breaks. */
function instructionOf(prompt: string, tokens: readonly Token[]): Instruction {
  const begin = skipOpening(tokens, 0);
  const asks = ["can", "could", "would", "will"].some((word) =>
    tokens.slice(0, begin).some((t) => lower(t) === word),
  );
  let end = tokens.length;
  while (end > begin && (tokens[end - 1]?.kind === "newline" || (asks && isMark(tokens[end - 1], "?"))))
    end -= 1;
  const kept = tokens.slice(begin, end).filter((token) => token.kind !== "newline");
  const text = prompt.slice(kept[0]?.start ?? 0, kept.at(-1)?.end ?? 0);
  return { text, tokens: kept };
}

/** `X and do Y` → `X`, `do Y`. One piece when nothing joins. */
export function splitJoined(prompt: string, instruction: Instruction): readonly Instruction[] {
  const { tokens } = instruction;
  const joint = (at: number): boolean =>
    isJoint(tokens, at) ||
    (isMark(tokens[at], ",") && lower(tokens[at + 1]) === "and" && isStart(tokens, at + 2));
  return splitAt(tokens, joint).map((piece) => instructionOf(prompt, piece));
}

/** `Add X, Y and Z` → `Add X`, `Add Y`, `Add Z`. One piece when it is no such list. */
export function splitList(prompt: string, instruction: Instruction): readonly Instruction[] {
  const { tokens } = instruction;
  const verb = tokens[0];
  if (verb === undefined || !CONTENT_VERBS.has(lower(verb))) return [instruction];
  const pieces = splitAt(tokens, (at) => isMark(tokens[at], ",") || lower(tokens[at]) === "and");
  return pieces
    .filter((piece) => piece.length > 0)
    .map((piece) => instructionOf(prompt, VERBS.has(lower(piece[0])) ? piece : [verb, ...piece]));
}
