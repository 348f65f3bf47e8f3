/** The texts that a file's bytes may be read as, for whoever looks for ASCII in them, which secrets are. */

/**
 * UTF-8, in which every ASCII character of a single-byte encoding stands too. Of bytes with NULs also UTF-16, where
 * the byte order mark says so, and what is left without the NULs: ASCII in UTF-16 or UTF-32 without a mark, or split
 * by NULs. A mark alone decides nothing, since anybody can put one before anything. Time is linear; each reading takes
 * up to twice the file's bytes.
 */
export function* readingsOf(bytes: Uint8Array): Generator<string, void> {
  yield new TextDecoder().decode(bytes);
  if (!bytes.includes(0)) return;
  const mark = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
  if (mark === 0xfffe) yield new TextDecoder("utf-16le").decode(bytes);
  if (mark === 0xfeff) yield new TextDecoder("utf-16be").decode(bytes);
  yield new TextDecoder().decode(withoutNuls(bytes));
}

/** A loop, since `filter` takes many times as long. */
function withoutNuls(bytes: Uint8Array): Uint8Array {
  const kept = new Uint8Array(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte !== 0) kept[length++] = byte;
  }
  return kept.subarray(0, length);
}
