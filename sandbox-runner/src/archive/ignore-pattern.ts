/** One line of a `.gitignore`, matched as git's wildmatch does, but never in more than polynomial time. */

/** What one name of a path is compared with, byte by byte. */
type Token = number | "any" | "star" | ReadonlySet<number>;
/** `**` stands for any number of names. */
type Segment = readonly Token[] | "**";

export interface IgnorePattern {
  /** Begins with `!`: what it matches is not ignored after all. */
  readonly negated: boolean;
  readonly foldersOnly: boolean;
  /** `names` are those of a path below the `.gitignore`'s folder; `spend` is told every comparison. */
  matches(names: readonly Uint8Array[], spend: () => void): boolean;
}

const LONGEST_PATTERN = 1000;
const SLASH = 0x2f;

/** Undefined for comments, empty lines, and what can match nothing. */
export function parseIgnorePattern(line: string): IgnorePattern | undefined {
  let text = trimSpaces(line.endsWith("\r") ? line.slice(0, -1) : line);
  if (text.startsWith("#") || text.length > LONGEST_PATTERN) return undefined;
  const negated = text.startsWith("!");
  if (negated) text = text.slice(1);
  const foldersOnly = text.endsWith("/");
  if (foldersOnly) text = text.slice(0, -1);
  if (text === "") return undefined;
  const segments = segmentsOf(new TextEncoder().encode(text.startsWith("/") ? text.slice(1) : text));
  if (segments === undefined) return undefined;
  // Without a slash it goes for names in any folder.
  const pattern: readonly Segment[] = text.includes("/")
    ? segments
    : ["**", segments[0] === "**" ? ["star"] : (segments[0] ?? [])];
  return { negated, foldersOnly, matches: (names, spend) => matchNames(pattern, names, spend) };
}

/** Trailing spaces do not count unless a backslash is before them. */
function trimSpaces(line: string): string {
  let end = 0;
  for (let at = 0; at < line.length; at += 1) {
    if (line[at] === "\\") at += 1;
    else if (line[at] === " ") continue;
    end = at + 1;
  }
  return line.slice(0, end);
}

/** Undefined when a bracket is never closed or a backslash ends the line: git then matches nothing. */
function segmentsOf(pattern: Uint8Array): readonly Segment[] | undefined {
  const segments: Segment[] = [];
  let tokens: Token[] = [];
  const close = () => {
    segments.push(tokens.length > 1 && tokens.every((token) => token === "star") ? "**" : tokens);
    tokens = [];
  };
  for (let at = 0; at < pattern.length; at += 1) {
    const byte = pattern[at];
    if (byte === SLASH) close();
    else if (byte === 0x2a) tokens.push("star");
    else if (byte === 0x3f) tokens.push("any");
    else if (byte === 0x5b) {
      const bracket = readBracket(pattern, at + 1);
      if (bracket === undefined) return undefined;
      tokens.push(bracket.set);
      at = bracket.end;
    } else if (byte === 0x5c) {
      at += 1;
      const escaped = pattern[at];
      if (escaped === undefined) return undefined;
      if (escaped === SLASH) close();
      else tokens.push(escaped);
    } else if (byte !== undefined) tokens.push(byte);
  }
  close();
  return segments;
}

const between = (from: number, to: number) =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => from + at);
const matching = (pattern: RegExp) =>
  between(0, 127).filter((byte) => pattern.test(String.fromCharCode(byte)));

/** The named classes of POSIX brackets, for ASCII, as git has them. */
const CLASSES: Readonly<Record<string, readonly number[]>> = {
  alnum: matching(/[0-9A-Za-z]/),
  alpha: matching(/[A-Za-z]/),
  blank: matching(/[ \t]/),
  cntrl: [...between(0, 31), 127],
  digit: matching(/[0-9]/),
  graph: between(33, 126),
  lower: matching(/[a-z]/),
  print: between(32, 126),
  punct: between(33, 126).filter((byte) => !/[0-9A-Za-z]/.test(String.fromCharCode(byte))),
  space: matching(/[ \t\n\v\f\r]/),
  upper: matching(/[A-Z]/),
  xdigit: matching(/[0-9A-Fa-f]/),
};

/** A bracket expression from behind its `[`; `end` is where its `]` is. */
function readBracket(pattern: Uint8Array, start: number): { set: Set<number>; end: number } | undefined {
  const set = new Set<number>();
  let at = start;
  const negated = pattern[at] === 0x21 || pattern[at] === 0x5e;
  if (negated) at += 1;
  let previous: number | undefined;
  for (let first = true; ; first = false, at += 1) {
    let byte = pattern[at];
    if (byte === undefined) return undefined;
    if (byte === 0x5d && !first) break;
    const next = pattern[at + 1];
    if (byte === 0x2d && previous !== undefined && next !== undefined && next !== 0x5d) {
      at += 1;
      let last: number | undefined = next;
      if (last === 0x5c) {
        at += 1;
        last = pattern[at];
        if (last === undefined) return undefined;
      }
      for (const member of between(previous, last)) set.add(member);
      previous = undefined;
      continue;
    }
    if (byte === 0x5b && next === 0x3a) {
      const close = pattern.indexOf(0x5d, at + 2);
      if (close < 0) return undefined;
      if (pattern[close - 1] === 0x3a && close - 1 >= at + 2) {
        const name = String.fromCharCode(...pattern.subarray(at + 2, close - 1));
        const members = Object.hasOwn(CLASSES, name) ? CLASSES[name] : undefined;
        if (members === undefined) return undefined;
        for (const member of members) set.add(member);
        at = close;
        previous = undefined;
        continue;
      }
    } else if (byte === 0x5c) {
      at += 1;
      byte = pattern[at];
      if (byte === undefined) return undefined;
    }
    set.add(byte);
    previous = byte;
  }
  return { set: negated ? new Set(between(0, 255).filter((byte) => !set.has(byte))) : set, end: at };
}

/** Going back to the last `**` only is enough: what came before it has matched already. */
function matchNames(pattern: readonly Segment[], names: readonly Uint8Array[], spend: () => void): boolean {
  let segment = 0;
  let name = 0;
  let retry: { segment: number; name: number } | undefined;
  for (;;) {
    const wanted = pattern[segment];
    const given = names[name];
    if (wanted === "**") {
      // At the end it stands for what is in a folder, not for the folder.
      if (segment === pattern.length - 1) return given !== undefined;
      segment += 1;
      retry = { segment, name };
    } else if (wanted === undefined && given === undefined) {
      return true;
    } else if (wanted !== undefined && given !== undefined && matchName(wanted, given, spend)) {
      segment += 1;
      name += 1;
    } else {
      if (retry === undefined || retry.name >= names.length) return false;
      retry = { segment: retry.segment, name: retry.name + 1 };
      segment = retry.segment;
      name = retry.name;
    }
  }
}

/** The same with `*` and bytes. */
function matchName(tokens: readonly Token[], name: Uint8Array, spend: () => void): boolean {
  let token = 0;
  let at = 0;
  let retry: { token: number; at: number } | undefined;
  for (;;) {
    spend();
    const wanted = tokens[token];
    const byte = name[at];
    if (wanted === "star") {
      token += 1;
      retry = { token, at };
    } else if (wanted === undefined && byte === undefined) {
      return true;
    } else if (wanted !== undefined && byte !== undefined && matchByte(wanted, byte)) {
      token += 1;
      at += 1;
    } else {
      if (retry === undefined || retry.at >= name.length) return false;
      retry = { token: retry.token, at: retry.at + 1 };
      token = retry.token;
      at = retry.at;
    }
  }
}

function matchByte(wanted: Exclude<Token, "star">, byte: number): boolean {
  if (wanted === "any") return true;
  return typeof wanted === "number" ? wanted === byte : wanted.has(byte);
}
