/** What a file reads as, and its bytes again: the tools' contract on encodings, written a second time to hold them to it. */

export interface FileText {
  readonly encoding: "utf-8" | "utf-16le" | "utf-16be" | "windows-1252";
  /** True when a byte order mark comes before the text. */
  readonly bom: boolean;
  readonly text: string;
}

/** Bytes 0x80 to 0x9f in Windows-1252; all others are the code points of their numbers. */
const C1 = [
  ..."\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f",
  ..."\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178",
];
const BOM = "\ufeff";

/** Undefined for a binary file, which is one with a NUL. */
export function decodeText(bytes: Buffer): FileText | undefined {
  const file = utf16(bytes, "utf-16le") ?? utf16(bytes, "utf-16be") ?? utf8(bytes) ?? windows1252(bytes);
  return file.text.includes("\0") ? undefined : file;
}

/** Undefined when the encoding has no bytes for the text. */
export function encodeText({ encoding, bom, text }: FileText): Buffer | undefined {
  if (encoding === "windows-1252") {
    const codes = Array.from(text, (character) => {
      const c1 = C1.indexOf(character);
      return c1 < 0 ? (character.codePointAt(0) ?? 0) : 0x80 + c1;
    });
    return codes.every((code) => code < 0x100) ? Buffer.from(codes) : undefined;
  }
  if (!text.isWellFormed()) return undefined;
  const marked = bom ? BOM + text : text;
  if (encoding === "utf-8") return Buffer.from(marked);
  const units = Buffer.from(marked, "utf16le");
  return encoding === "utf-16le" ? units : units.swap16();
}

/** The bytes as text of the encoding that another file has: what that file could be edited into. */
export function decodeAs(bytes: Buffer, { encoding, bom }: FileText): string | undefined {
  if (encoding === "windows-1252") return windows1252(bytes).text;
  const file = encoding === "utf-8" ? utf8(bytes) : utf16(bytes, encoding);
  return file?.bom === bom ? file.text : undefined;
}

function utf8(bytes: Buffer): FileText | undefined {
  const whole = strictly("utf-8", bytes);
  if (whole === undefined) return undefined;
  const bom = whole.startsWith(BOM);
  return { encoding: "utf-8", bom, text: bom ? whole.slice(1) : whole };
}

function utf16(bytes: Buffer, encoding: "utf-16le" | "utf-16be"): FileText | undefined {
  const units = encoding === "utf-16le" || bytes.length % 2 > 0 ? bytes : Buffer.from(bytes).swap16();
  const whole = strictly("utf-16le", units);
  return whole?.startsWith(BOM) === true ? { encoding, bom: true, text: whole.slice(1) } : undefined;
}

function strictly(encoding: string, bytes: Buffer): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function windows1252(bytes: Buffer): FileText {
  const text = bytes
    .toString("latin1")
    .replace(/[\u0080-\u009f]/g, (unit) => C1[unit.charCodeAt(0) - 0x80] ?? "");
  return { encoding: "windows-1252", bom: false, text };
}
