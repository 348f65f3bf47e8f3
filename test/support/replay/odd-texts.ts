/** Kinds of text that tools, streams and encoders damage: what each is made of. */
import type { Random } from "../random.ts";
import type { FileText } from "./file-text.ts";

export interface TextKind {
  readonly encoding: FileText["encoding"];
  readonly bom: boolean;
  /** Lines are made of these, none of which has a line feed. */
  readonly words: readonly string[];
  readonly between: string;
  readonly endings: readonly string[];
  /** Words in a line, lines in a file: up to so many. */
  readonly width: number;
  readonly lines: number;
}

const PLAIN: TextKind = {
  encoding: "utf-8",
  bom: false,
  words: ["const", "value", "=", "return", "if", "(value)", "{", "}", "0;", "1;", "//", "the"],
  between: " ",
  endings: ["\n"],
  width: 6,
  lines: 40,
};
const LATIN = ["caf\u00e9", "na\u00efve", "\u00a3", "\u00fc\u00ff", "\u00d0", "x", "y", "\u00a0", "\u00ad"];
const WIDE = ["\u4f60\u597d", "\u3042", "\u{1f600}", "\u{20000}", "x", "\u00e9", "\u0416", "\ufffd"];
const EMOJI = [
  "\u{1f600}",
  "\u{1f601}",
  "\u{1f602}",
  "\u{1f468}\u200d\u{1f469}\u200d\u{1f467}",
  "\u{1f3f3}\ufe0f\u200d\u{1f308}",
  "\u{1f1e9}\u{1f1ea}",
  "\u{10ffff}",
];

export const ODD_TEXTS: Readonly<Record<string, TextKind>> = {
  plain: PLAIN,
  latin1: { ...PLAIN, encoding: "windows-1252", words: LATIN },
  "windows 1252": {
    ...PLAIN,
    encoding: "windows-1252",
    words: [...LATIN, "\u20ac", "\u201c\u201d", "\u0081", "\u2122", "\u0178"],
    endings: ["\r\n"],
  },
  "latin1, all classic Mac lines": { ...PLAIN, encoding: "windows-1252", words: LATIN, endings: ["\r"] },
  utf16le: { ...PLAIN, encoding: "utf-16le", bom: true, words: WIDE, endings: ["\r\n"] },
  utf16be: { ...PLAIN, encoding: "utf-16be", bom: true, words: WIDE },
  "byte order mark": { ...PLAIN, bom: true },
  "two byte order marks": { ...PLAIN, bom: true, words: ["\ufeff", "a", "b"] },
  "byte order mark, CRLF": { ...PLAIN, bom: true, endings: ["\r\n"] },
  crlf: { ...PLAIN, endings: ["\r\n"] },
  "crlf, repeated": { ...PLAIN, endings: ["\r\n"], words: ["}", "end"], width: 1 },
  "mixed endings": { ...PLAIN, endings: ["\n", "\r\n", "\r", "\r\r\n", "\n\r"] },
  "mostly CRLF": { ...PLAIN, endings: [...Array<string>(15).fill("\r\n"), "\n"] },
  "lone CR": { ...PLAIN, endings: ["\r"] },
  controls: {
    ...PLAIN,
    words: ["\u0001", "\u0008", "\u001b[31m", "\u001f", "\u007f", "\u009b", "\u000c", "\u000b", "\t", "a"],
  },
  emoji: { ...PLAIN, words: EMOJI, between: "" },
  combining: {
    ...PLAIN,
    words: [
      "e\u0301",
      "\u00e9",
      "A\u030a",
      "\u00c5",
      "\u212b",
      "\u1112\u1161\u11ab",
      "\ud55c",
      "\ufb01",
      "fi",
      "\u0301",
    ],
    between: "",
  },
  separators: {
    ...PLAIN,
    words: ["a\u2028b", "\u2029", "\u0085", "\u000c", "\u001c", "\u200b", "\u202e", "x"],
  },
  "huge line": {
    ...PLAIN,
    words: ["function(e){return e}", "var t=n(1);", "a.b=c", ",", ";", '"\u00e9"', "/*!*/", "0x1f"],
    between: "",
    endings: [""],
    width: 120_000,
    lines: 1,
  },
  "many lines": { ...PLAIN, lines: 10_000, width: 3 },
  repeated: { ...PLAIN, words: ["}", "end", ""], width: 1, lines: 120 },
  periodic: { ...PLAIN, words: ["aa", "aaa"], between: "", lines: 30, width: 30 },
  patterns: {
    ...PLAIN,
    words: ["$&", "$1", "$$", "$`", "$'", "$<name>", "\\1", "\\0", "(.*)", "[a-z]+", "%s", "{0}", "^", "|"],
  },
  escapes: {
    ...PLAIN,
    words: [
      '"',
      '\\"',
      "\\\\",
      "\\n",
      "\\u00e9",
      "\\ud83d",
      "\\u0000",
      "\\x00",
      "'",
      "`$\u007bx}`",
      "\\\\\\",
      '{"a":"b"}',
      "\t",
    ],
    between: "",
  },
  streams: {
    ...PLAIN,
    words: [
      "data: [DONE]",
      "event: message_stop",
      ": ping",
      "id: 1",
      '{"type":"error"}',
      "retry: 1",
      "data:",
      "",
    ],
    width: 2,
  },
  patches: {
    ...PLAIN,
    words: [
      "<<<<<<< HEAD",
      "=======",
      ">>>>>>> main",
      "--- a/x",
      "+++ b/x",
      "@@ -1 +1 @@",
      "\\ No newline",
      "diff --git",
    ],
    width: 1,
  },
  markup: {
    ...PLAIN,
    words: [
      "</content>",
      "<|im_end|>",
      "</parameter>",
      "<!-- x -->",
      "&amp;",
      "&lt;",
      "```",
      "<script>",
      "]]>",
      "@team",
    ],
  },
  blanks: { ...PLAIN, words: [" ", "  ", "\t", "", "\u00a0", "\u3000"], between: "" },
};

/** Up to as many lines as the kind has, with or without an ending behind the last. */
export function oddText(kind: TextKind, random: Random): string {
  const count = kind.lines > 1_000 || kind.lines === 1 ? kind.lines : 1 + random.int(kind.lines);
  const lines = Array.from({ length: count }, () => oddLine(kind, random));
  return random.int(3) === 0 ? lines.join("").replace(/[\r\n]+$/, "") : lines.join("");
}

/** With its ending. */
export function oddLine(kind: TextKind, random: Random): string {
  const count = kind.lines === 1 ? kind.width : random.int(kind.width + 1);
  const words = Array.from({ length: count }, () => random.pick(kind.words));
  return words.join(kind.between) + random.pick(kind.endings);
}
