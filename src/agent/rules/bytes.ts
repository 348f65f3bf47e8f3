/** Finds and replaces byte sequences in time linear in the file, whatever file and text are. */

export interface ReplacedBytes {
  readonly bytes: Uint8Array;
  readonly count: number;
}

export interface ByteReplacement {
  readonly search: Uint8Array;
  readonly replacement: Uint8Array;
  /** Only where no letter, digit or underscore touches the text. */
  readonly wholeWord: boolean;
}

/** Replaces every occurrence, left to right, without overlaps. `search` must not be empty. */
export function replaceBytes(
  bytes: Uint8Array,
  { search, replacement, wholeWord }: ByteReplacement,
): ReplacedBytes {
  const found = occurrences(bytes, search, wholeWord);
  if (found.length === 0) return { bytes, count: 0 };
  const result = new Uint8Array(bytes.length + found.length * (replacement.length - search.length));
  let from = 0;
  let to = 0;
  for (const at of found) {
    result.set(bytes.subarray(from, at), to);
    to += at - from;
    result.set(replacement, to);
    to += replacement.length;
    from = at + search.length;
  }
  result.set(bytes.subarray(from), to);
  return { bytes: result, count: found.length };
}

/** Knuth, Morris and Pratt: no input makes it quadratic, unlike `indexOf`. */
function occurrences(bytes: Uint8Array, search: Uint8Array, wholeWord: boolean): readonly number[] {
  const border = borders(search);
  const found: number[] = [];
  let matched = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    while (matched > 0 && bytes[at] !== search[matched]) matched = border[matched - 1] ?? 0;
    if (bytes[at] === search[matched]) matched += 1;
    if (matched < search.length) continue;
    const start = at + 1 - search.length;
    if (wholeWord && (isWord(bytes[start - 1]) || isWord(bytes[at + 1]))) {
      matched = border[matched - 1] ?? 0;
      continue;
    }
    found.push(start);
    matched = 0;
  }
  return found;
}

function borders(search: Uint8Array): Uint32Array {
  const border = new Uint32Array(search.length);
  let length = 0;
  for (let at = 1; at < search.length; at += 1) {
    while (length > 0 && search[at] !== search[length]) length = border[length - 1] ?? 0;
    if (search[at] === search[length]) length += 1;
    border[at] = length;
  }
  return border;
}

/** ASCII letters, digits, underscore, dollar, and every byte of a non-ASCII character. */
function isWord(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  const letter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
  return letter || (byte >= 0x30 && byte <= 0x39) || byte === 0x5f || byte === 0x24 || byte >= 0x80;
}

/** What a file's bytes are to a text editor. */
export function textKind(bytes: Uint8Array): "utf8" | "other_text" | "binary" {
  if (bytes.includes(0)) return "binary";
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return "utf8";
  } catch {
    return "other_text";
  }
}

/** True when every character is ASCII. */
export function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 0x7f) return false;
  return true;
}
