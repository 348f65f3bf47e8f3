/** Reads an instruction's tokens from left to right: the whole grammar of every rule is written with it. */
import { looksLikePath, normalisePath } from "./paths.ts";
import type { Token } from "./tokens.ts";

const POLITE_ENDINGS = new Set(["please", "thanks", "thank", "you", "now", "pls", "instead"]);

export interface Cursor {
  /** The next token, or undefined at the end. */
  peek(): Token | undefined;
  /** Takes the next token. */
  next(): Token | undefined;
  /** Takes the next word when it is one of these (case-insensitive); answers it in lower case. */
  word(...options: readonly string[]): string | undefined;
  /** Takes these words in a row, or nothing. */
  phrase(...words: readonly string[]): boolean;
  /** Takes every following word of this set. */
  skip(words: ReadonlySet<string>): void;
  /** Takes the next mark when it is one of these characters. */
  mark(characters: string): string | undefined;
  /** Takes a quoted text, or a code block without its final newline. */
  literal(): string | undefined;
  /** Takes a path: quoted, or a word that looks like one; any word when `bare`. */
  path(bare?: boolean): string | undefined;
  /** Takes "a", "a and b", "a, b and c". Empty when there is no path here. */
  paths(bare?: boolean): readonly string[];
  /** True when nothing but politeness and full stops is left. */
  done(): boolean;
  /** Where the cursor is; hand it to `reset` to go back. */
  position(): number;
  reset(position: number): void;
}

/** A cursor at the first of these tokens. */
export function createCursor(tokens: readonly Token[]): Cursor {
  let at = 0;
  const peek = (): Token | undefined => tokens[at];
  const lower = (token: Token | undefined): string | undefined =>
    token?.kind === "word" ? token.text.toLowerCase() : undefined;

  const word = (...options: readonly string[]): string | undefined => {
    const text = lower(peek());
    if (text === undefined || !options.includes(text)) return undefined;
    at += 1;
    return text;
  };
  const mark = (characters: string): string | undefined => {
    const token = peek();
    if (token?.kind !== "mark" || !characters.includes(token.text)) return undefined;
    at += 1;
    return token.text;
  };
  const path = (bare = false): string | undefined => {
    const token = peek();
    if (token === undefined) return undefined;
    const usable = token.kind === "quoted" || (token.kind === "word" && (bare || looksLikePath(token.text)));
    if (!usable) return undefined;
    at += 1;
    return normalisePath(token.text);
  };

  return {
    peek,
    next() {
      const token = peek();
      if (token !== undefined) at += 1;
      return token;
    },
    word,
    phrase(...words) {
      const start = at;
      for (const expected of words) {
        if (word(expected) === undefined) {
          at = start;
          return false;
        }
      }
      return true;
    },
    skip(words) {
      for (let text = lower(peek()); text !== undefined && words.has(text); text = lower(peek())) at += 1;
    },
    mark,
    literal() {
      const token = peek();
      if (token?.kind !== "quoted" && token?.kind !== "block") return undefined;
      at += 1;
      return token.kind === "block" ? token.text.replace(/\r?\n$/, "") : token.text;
    },
    path,
    paths(bare = false) {
      const first = path(bare);
      if (first === undefined) return [];
      const found = [first];
      for (;;) {
        const start = at;
        mark(",");
        word("and", "&");
        const following = at === start ? undefined : path(bare);
        if (following === undefined) {
          at = start;
          return found;
        }
        found.push(following);
      }
    },
    done() {
      for (let index = at; index < tokens.length; index += 1) {
        const token = tokens[index];
        const polite = token?.kind === "word" && POLITE_ENDINGS.has(token.text.toLowerCase());
        const stop = token?.kind === "mark" && ".!,".includes(token.text);
        if (!polite && !stop && token?.kind !== "newline") return false;
      }
      return true;
    },
    position: () => at,
    reset(position) {
      at = position;
    },
  };
}
