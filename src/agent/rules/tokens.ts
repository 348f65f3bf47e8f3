/** Cuts a prompt into words, quoted texts and code blocks, so that rules match tokens instead of running regular expressions over it. */

export interface Token {
  /** `mark` is one punctuation character; `rest` is unquoted file content that runs to the prompt's end. */
  readonly kind: "word" | "quoted" | "block" | "mark" | "newline" | "rest";
  /** A word or mark as written; the inside of a quoted text or block. */
  readonly text: string;
  /** Offsets of the token, delimiters included, in the prompt. */
  readonly start: number;
  readonly end: number;
}

const CLOSING_QUOTES: Readonly<Record<string, string>> = {
  '"': '"',
  "'": "'",
  "`": "`",
  "“": "”",
  "”": "”",
  "„": "“”",
  "‘": "’",
  "‚": "‘’",
  "«": "»",
};
const TRAILING_MARKS = ".,;:!?";
const AFTER_QUOTE = ".,;:!?)]}-=→";

/** True for a word that begins with a quote: nothing closes it, or it would be a quoted text. */
export function startsQuoted(word: string): boolean {
  return word.charAt(0) in CLOSING_QUOTES || word.startsWith("~~~");
}

const isBlank = (char: string): boolean => char === " " || char === "\t" || char === "\u00a0";
const isBreak = (char: string): boolean => char === "\n" || char === "\r";
const isSpace = (char: string): boolean => isBlank(char) || isBreak(char) || char === "\f" || char === "\v";

/** Tokens of the whole prompt, in order. Time is linear in the prompt's length, whatever it holds. */
export function tokenize(prompt: string): readonly Token[] {
  const tokens: Token[] = [];
  // Where a search for this closing quote found nothing: nothing later will find one either.
  const hopeless = new Map<string, number>();
  let at = 0;
  while (at < prompt.length) {
    const char = prompt.charAt(at);
    if (isSpace(char)) {
      const end = skipWhile(prompt, at, isSpace);
      if (/[\r\n]/.test(prompt.slice(at, end))) tokens.push({ kind: "newline", text: "\n", start: at, end });
      at = end;
      continue;
    }
    const token = fence(prompt, at, hopeless) ?? quoted(prompt, at, hopeless);
    if (token !== undefined) {
      tokens.push(token);
      at = token.end;
      continue;
    }
    at = pushWord(prompt, at, tokens);
  }
  return tokens;
}

function skipWhile(text: string, from: number, test: (char: string) => boolean): number {
  let at = from;
  while (at < text.length && test(text.charAt(at))) at += 1;
  return at;
}

/** A fenced block as in CommonMark: the content verbatim, with its final newline. */
function fence(prompt: string, start: number, hopeless: Map<string, number>): Token | undefined {
  const char = prompt.charAt(start);
  if (char !== "`" && char !== "~") return undefined;
  const open = skipWhile(prompt, start, (c) => c === char);
  if (open - start < 3) return undefined;
  // The nearest such character first: scanning to the line's end at every fence would be quadratic.
  const nearest = prompt.indexOf(char, open);
  if (nearest === -1 || !/[\r\n]/.test(prompt.slice(open, nearest))) return undefined;
  const lineEnd = skipWhile(prompt, open, (c) => !isBreak(c));
  const run = prompt.slice(start, open);
  if (start >= (hopeless.get(run) ?? Number.POSITIVE_INFINITY)) return undefined;
  const indent = start - lineStart(prompt, start);
  const content = afterBreak(prompt, lineEnd);
  for (let line = content; line < prompt.length; ) {
    const close = skipWhile(prompt, line, isBlank);
    const closeEnd = skipWhile(prompt, close, (c) => c === char);
    if (closeEnd - close >= run.length) {
      const text = outdent(prompt.slice(content, line), indent);
      return { kind: "block", text, start, end: closeEnd };
    }
    line = afterBreak(
      prompt,
      skipWhile(prompt, close, (c) => !isBreak(c)),
    );
  }
  hopeless.set(run, start);
  return undefined;
}

function lineStart(prompt: string, at: number): number {
  let start = at;
  while (start > 0 && isBlank(prompt.charAt(start - 1))) start -= 1;
  return start === 0 || isBreak(prompt.charAt(start - 1)) ? start : at;
}

function afterBreak(text: string, at: number): number {
  return text.startsWith("\r\n", at) ? at + 2 : at + 1;
}

/** Takes off up to `indent` leading blanks a line, as CommonMark does for an indented fence. */
function outdent(text: string, indent: number): string {
  if (indent === 0) return text;
  return text
    .split("\n")
    .map((line) => line.slice(skipWhile(line.slice(0, indent), 0, isBlank)))
    .join("\n");
}

function quoted(prompt: string, start: number, hopeless: Map<string, number>): Token | undefined {
  const open = prompt.charAt(start);
  const closing = CLOSING_QUOTES[open];
  if (closing === undefined) return undefined;
  if (open === "`") return codeSpan(prompt, start, hopeless);
  if (start >= (hopeless.get(open) ?? Number.POSITIVE_INFINITY)) return undefined;
  let escapedOpen = false;
  for (let at = start + 1; at < prompt.length; at += 1) {
    if (!closing.includes(prompt.charAt(at))) continue;
    const boundary = at + 1 === prompt.length || endsQuote(prompt.charAt(at + 1));
    if (open === '"' && prompt.charAt(at - 1) === "\\" && at > start + 1 && (!boundary || escapedOpen)) {
      escapedOpen = !boundary;
      continue;
    }
    if (!boundary) continue;
    const inside = prompt.slice(start + 1, at);
    const text = open === '"' && prompt.charAt(at - 1) !== "\\" ? inside.replaceAll('\\"', '"') : inside;
    return { kind: "quoted", text, start, end: at + 1 };
  }
  hopeless.set(open, start);
  return undefined;
}

function endsQuote(char: string): boolean {
  return isSpace(char) || AFTER_QUOTE.includes(char);
}

/** Text between two runs of backticks of the same length. */
function codeSpan(prompt: string, start: number, hopeless: Map<string, number>): Token | undefined {
  const open = skipWhile(prompt, start, (c) => c === "`");
  const run = prompt.slice(start, open);
  const key = `span ${run.length}`;
  if (start >= (hopeless.get(key) ?? Number.POSITIVE_INFINITY)) return undefined;
  for (let at = open; at < prompt.length; ) {
    const next = prompt.indexOf("`", at);
    if (next === -1) break;
    const end = skipWhile(prompt, next, (c) => c === "`");
    if (end - next === run.length) {
      return { kind: "quoted", text: prompt.slice(open, next), start, end };
    }
    at = end;
  }
  hopeless.set(key, start);
  return undefined;
}

/** Pushes the word at `start`, and the punctuation around it as marks; returns where it ends. */
function pushWord(prompt: string, start: number, tokens: Token[]): number {
  if (prompt.charAt(start) === "(") {
    tokens.push({ kind: "mark", text: "(", start, end: start + 1 });
    return start + 1;
  }
  let end = start + 1;
  while (end < prompt.length && !isSpace(prompt.charAt(end))) {
    const glued = ":=,;".includes(prompt.charAt(end - 1)) && prompt.charAt(end) in CLOSING_QUOTES;
    if (glued) break;
    end += 1;
  }
  let wordEnd = end;
  while (wordEnd > start && isTrailing(prompt, wordEnd)) wordEnd -= 1;
  if (wordEnd > start) {
    tokens.push({ kind: "word", text: prompt.slice(start, wordEnd), start, end: wordEnd });
  }
  for (let at = wordEnd; at < end; at += 1) {
    tokens.push({ kind: "mark", text: prompt.charAt(at), start: at, end: at + 1 });
  }
  return end;
}

function isTrailing(prompt: string, end: number): boolean {
  const char = prompt.charAt(end - 1);
  if (TRAILING_MARKS.includes(char)) return true;
  return char === ")" && prompt.charAt(end - 2) !== "(";
}
