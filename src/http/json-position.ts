/** Finds where JSON text stops being JSON, which `JSON.parse` does not tell for every mistake. */

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;
const SIMPLE_ESCAPES = '"\\/bfnrt';

export interface Position {
  /** 1-based. */
  readonly line: number;
  /** 1-based, in UTF-16 units. */
  readonly column: number;
}

/** Where the first character is that cannot go on as JSON (RFC 8259); one pass, no recursion. */
export function jsonErrorPosition(text: string): Position {
  const offset = errorOffset(text);
  const before = text.slice(0, offset);
  return { line: before.split("\n").length, column: offset - before.lastIndexOf("\n") };
}

type Expect = "value" | "value or ]" | "name" | "name or }" | ":" | ", or end";

function errorOffset(text: string): number {
  const open: ("{" | "[")[] = [];
  let expect: Expect = "value";
  let at = 0;
  for (;;) {
    while (at < text.length && " \t\n\r".includes(text.charAt(at))) at += 1;
    if (at >= text.length) return at;
    const character = text.charAt(at);
    const inside = open.at(-1);
    const closes: boolean = character === (inside === "{" ? "}" : "]") && inside !== undefined;
    if (expect === ", or end") {
      if (inside === undefined) return at;
      if (closes) open.pop();
      else if (character === ",") expect = inside === "{" ? "name" : "value";
      else return at;
      at += 1;
    } else if (expect === ":") {
      if (character !== ":") return at;
      expect = "value";
      at += 1;
    } else if (closes && (expect === "value or ]" || expect === "name or }")) {
      open.pop();
      expect = ", or end";
      at += 1;
    } else if (expect === "name" || expect === "name or }") {
      const end = character === '"' ? stringEnd(text, at) : { at, ok: false };
      if (!end.ok) return end.at;
      at = end.at;
      expect = ":";
    } else if (character === "{" || character === "[") {
      open.push(character);
      expect = character === "{" ? "name or }" : "value or ]";
      at += 1;
    } else {
      const end = scalarEnd(text, at);
      if (!end.ok) return end.at;
      at = end.at;
      expect = ", or end";
    }
  }
}

interface End {
  /** Just past the token, or where it goes wrong. */
  readonly at: number;
  readonly ok: boolean;
}

function scalarEnd(text: string, at: number): End {
  if (text.charAt(at) === '"') return stringEnd(text, at);
  for (const pattern of [NUMBER, WORD]) {
    pattern.lastIndex = at;
    if (pattern.test(text)) return { at: pattern.lastIndex, ok: true };
  }
  return { at, ok: false };
}

function stringEnd(text: string, start: number): End {
  for (let at = start + 1; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '"') return { at: at + 1, ok: true };
    if (character < " ") return { at, ok: false };
    if (character === "\\") {
      at += 1;
      if (text.charAt(at) === "u" && /^[0-9a-fA-F]{4}$/.test(text.slice(at + 1, at + 5))) at += 4;
      else if (!SIMPLE_ESCAPES.includes(text.charAt(at)) || at >= text.length) return { at, ok: false };
    }
  }
  return { at: text.length, ok: false };
}
