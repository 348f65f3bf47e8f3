/** A file's bytes as text and back again, byte for byte, whatever encoding the file is in. */
import { decodeUtf8, utf8 } from "../../../workspace/bytes.ts";

export type Encoding = "utf-8" | "utf-16le" | "utf-16be" | "windows-1252";

export interface TextFormat {
  readonly encoding: Encoding;
  /** True when the file begins with a byte order mark. */
  readonly bom: boolean;
}

export interface TextFile extends TextFormat {
  /** Without the byte order mark. */
  readonly text: string;
}

export const UTF8: TextFormat = { encoding: "utf-8", bom: false };

/** What encodings are called in sentences. */
export const ENCODING_NAMES: Readonly<Record<Encoding, string>> = {
  "utf-8": "UTF-8",
  "utf-16le": "UTF-16 (little-endian)",
  "utf-16be": "UTF-16 (big-endian)",
  "windows-1252": "Windows-1252 (Latin-1)",
};

/** Bytes 0x80 to 0x9f (WHATWG Encoding, windows-1252); every other byte is the code point of its number. */
const HIGH = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ";
const BYTE_OF_HIGH: ReadonlyMap<number, number> = new Map(
  Array.from(HIGH, (character, index) => [character.charCodeAt(0), 0x80 + index]),
);

/**
 * The text of a file, or undefined for a binary one: UTF-16 where its byte order mark says so and every
 * unit is in order, else UTF-8, else Windows-1252, which gives every byte a character of its own. A NUL
 * makes a file binary.
 */
export function decodeFile(bytes: Uint8Array): TextFile | undefined {
  const file = decodeUtf16(bytes) ?? decodeBytes(bytes);
  return file.text.includes("\0") ? undefined : file;
}

function decodeUtf16(bytes: Uint8Array): TextFile | undefined {
  const mark = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
  if (mark !== 0xfffe && mark !== 0xfeff) return undefined;
  const big = mark === 0xfeff;
  const units = big ? swapped(bytes.subarray(2)) : bytes.subarray(2);
  try {
    const text = new TextDecoder("utf-16le", { fatal: true, ignoreBOM: true }).decode(units);
    return { text, encoding: big ? "utf-16be" : "utf-16le", bom: true };
  } catch {
    return undefined;
  }
}

function decodeBytes(bytes: Uint8Array): TextFile {
  const bom = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  const text = decodeUtf8(bom ? bytes.subarray(3) : bytes);
  return text === undefined
    ? { text: decodeWindows1252(bytes), encoding: "windows-1252", bom: false }
    : { text, encoding: "utf-8", bom };
}

/** Done here because engines disagree on the label: some decode it as ISO-8859-1. */
function decodeWindows1252(bytes: Uint8Array): string {
  const units = new Uint16Array(bytes.length);
  for (const [at, byte] of bytes.entries()) {
    units[at] = byte >= 0x80 && byte < 0xa0 ? HIGH.charCodeAt(byte - 0x80) : byte;
  }
  return new TextDecoder("utf-16le", { ignoreBOM: true }).decode(units);
}

/** The bytes of a text in this format; undefined when its encoding cannot hold every character. */
export function encodeText(text: string, { encoding, bom }: TextFormat): Uint8Array | undefined {
  if (encoding === "windows-1252") return encodeWindows1252(text);
  if (!text.isWellFormed()) return undefined;
  const marked = bom ? `\ufeff${text}` : text;
  if (encoding === "utf-8") return utf8(marked);
  const bytes = new Uint8Array(marked.length * 2);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < marked.length; at++) {
    view.setUint16(at * 2, marked.charCodeAt(at), encoding === "utf-16le");
  }
  return bytes;
}

/** U+0080 to U+009f are taken as well as what the bytes stand for: no byte has both meanings. */
function encodeWindows1252(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    const byte = unit < 0x100 ? unit : BYTE_OF_HIGH.get(unit);
    if (byte === undefined) return undefined;
    bytes[at] = byte;
  }
  return bytes;
}

/** A text as it reads in a file of this format: the spelling that `decodeFile` gives its bytes. */
export function asInFile(text: string, format: TextFormat): string {
  if (format.encoding !== "windows-1252") return text;
  const bytes = encodeWindows1252(text);
  return bytes === undefined ? text : decodeWindows1252(bytes);
}

/** The first character of a text that this encoding cannot hold. */
export function unencodable(text: string, encoding: Encoding): string | undefined {
  for (const character of text) {
    if (encodeText(character, { encoding, bom: false }) === undefined) return character;
  }
  return undefined;
}

function swapped(bytes: Uint8Array): Uint8Array {
  const result = new Uint8Array(bytes.length);
  for (let at = 0; at < bytes.length; at++) result[at] = bytes[at ^ 1] ?? 0;
  return result;
}

export interface LineEndings {
  readonly lf: number;
  readonly crlf: number;
  /** Carriage returns that no line feed follows. */
  readonly cr: number;
}

export function lineEndings(text: string): LineEndings {
  let [lf, crlf, cr] = [0, 0, 0];
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === 0x0a) lf++;
    if (unit !== 0x0d) continue;
    if (text.charCodeAt(at + 1) === 0x0a) {
      crlf++;
      at++;
    } else cr++;
  }
  return { lf, crlf, cr };
}

/** True when every line feed of a file belongs to a CRLF, and there is one. */
export function isCrlf({ lf, crlf }: LineEndings): boolean {
  return crlf > 0 && lf === 0;
}
