/** git's tree format, byte for byte: odd modes and names that are not UTF-8 survive a rewrite. */
import { ServiceError } from "../errors.ts";
import { bytesOfHex, concat, decodeUtf8, hexOf, utf8 } from "./bytes.ts";
import type { EntryKind } from "./workspace.ts";

export interface TreeEntry {
  /** As written in the tree, e.g. `100644` or `40000`. */
  readonly mode: string;
  readonly name: string;
  readonly oid: string;
}

/**
 * Reads a tree object's content (tree-walk.c: `mode SP name NUL id`). Ids are spelt out only when
 * asked for: most entries of a large tree are only passed on the way.
 */
export function* parseTree(raw: Uint8Array): Generator<TreeEntry> {
  let at = 0;
  while (at < raw.byteLength) {
    const space = raw.indexOf(0x20, at);
    const nul = raw.indexOf(0, space);
    if (space < 0 || nul < 0 || nul + 21 > raw.byteLength) throw badTree();
    yield new RawEntry(raw, at, shortAscii(raw, at, space), nameOf(raw, space + 1, nul), nul + 1);
    at = nul + 21;
  }
}

/** Counts a tree's entries that are no folders, and hands out the folders' ids; names are not read. */
export function countTree(raw: Uint8Array, folders: string[]): number {
  let files = 0;
  for (let at = 0; at < raw.byteLength; ) {
    const space = raw.indexOf(0x20, at);
    const nul = raw.indexOf(0, space);
    if (space < 0 || nul < 0 || nul + 21 > raw.byteLength) throw badTree();
    if (isFolder(shortAscii(raw, at, space))) folders.push(hexOf(raw, nul + 1, nul + 21));
    else files++;
    at = nul + 21;
  }
  return files;
}

/** An entry as it stands in a tree. */
class RawEntry implements TreeEntry {
  readonly #raw: Uint8Array;
  readonly #start: number;
  readonly #oidAt: number;
  readonly mode: string;
  readonly name: string;

  constructor(raw: Uint8Array, start: number, mode: string, name: string, oidAt: number) {
    this.#raw = raw;
    this.#start = start;
    this.#oidAt = oidAt;
    this.mode = mode;
    this.name = name;
  }

  get oid(): string {
    return hexOf(this.#raw, this.#oidAt, this.#oidAt + 20);
  }

  /** Its own bytes, to be copied. */
  get bytes(): Uint8Array {
    return this.#raw.subarray(this.#start, this.#oidAt + 20);
  }
}

/** ASCII text without a decoder's fixed cost; undefined characters are the caller's to check. */
function shortAscii(raw: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let i = start; i < end; i++) text += String.fromCharCode(raw[i] ?? 0);
  return text;
}

/** The tree of these entries, in git's order: folders sort as if their names ended in a slash. */
export function serialiseTree(entries: Iterable<TreeEntry>): Uint8Array {
  const key = ({ mode, name }: TreeEntry): string => (isFolder(mode) ? `${name}/` : name);
  const sorted = [...entries].sort((a, b) => comparePaths(key(a), key(b)));
  return concat(sorted.flatMap((entry) => (entry instanceof RawEntry ? [entry.bytes] : encodeEntry(entry))));
}

function encodeEntry({ mode, name, oid }: TreeEntry): readonly Uint8Array[] {
  return [utf8(`${mode} `), bytesOfName(name), NUL, bytesOfHex(oid)];
}

const SLASH = utf8("/");
const NUL = new Uint8Array(1);

export function isFolder(mode: string): boolean {
  return mode === "40000" || mode === "040000";
}

/** What a mode means; git reads unknown file modes as plain files, by their executable bit. */
export function kindOf(mode: string): EntryKind {
  if (mode === "120000") return "symlink";
  if (mode === "160000") return "submodule";
  return (Number.parseInt(mode, 8) & 0o100) !== 0 ? "executable" : "file";
}

/**
 * A name as text. Bytes that are not UTF-8 become lone surrogates U+DC80 to U+DCFF (as in
 * Python's PEP 383), which no valid name contains, so the way back is exact.
 */
export function nameOf(raw: Uint8Array, start = 0, end = raw.byteLength): string {
  let i = start;
  while (i < end && (raw[i] ?? 0) < 0x80) i++;
  if (i === end) return shortAscii(raw, start, end);
  const bytes = raw.subarray(start, end);
  const text = decodeUtf8(bytes);
  if (text !== undefined) return text;
  let escaped = "";
  for (const byte of bytes) escaped += String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte);
  return escaped;
}

export function bytesOfName(name: string): Uint8Array {
  if (!ESCAPED.test(name)) return utf8(name);
  return Uint8Array.from(name, (char) => char.charCodeAt(0) & 0xff);
}

/** A low surrogate without its high one. */
const ESCAPED = /(?<![\ud800-\udbff])[\udc80-\udcff]/;

/** Order of two paths as git has it: by their bytes. */
export function comparePaths(a: string, b: string): number {
  if (a === b) return 0;
  // Up to U+D7FF, UTF-16 order is UTF-8 order.
  if (!BEYOND.test(a) && !BEYOND.test(b)) return a < b ? -1 : 1;
  return compareBytes(bytesOfPath(a), bytesOfPath(b));
}

const BEYOND = /[\ud800-\uffff]/;

/** Escaped and plain names may meet in one path, so each is encoded on its own. */
export function bytesOfPath(path: string): Uint8Array {
  if (!ESCAPED.test(path)) return utf8(path);
  return concat(
    path.split("/").flatMap((name, i) => (i === 0 ? [bytesOfName(name)] : [SLASH, bytesOfName(name)])),
  );
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.byteLength, b.byteLength);
  for (let i = 0; i < length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.byteLength - b.byteLength;
}

function badTree(): ServiceError {
  return new ServiceError("git_protocol_error", "The repository holds a tree that cannot be read.");
}
