/** Where a text occurs in another, in time linear in both (Knuth, Morris and Pratt), unlike `indexOf`. */

/**
 * The offsets of `search` in `text`, ascending. With `overlapping`, also those inside of the occurrence
 * before: "aa" is twice in "aaa". `search` must not be empty.
 */
export function* occurrences(text: string, search: string, overlapping: boolean): Generator<number> {
  // Costs nothing where the text is missing, which its first units mostly show.
  const first = text.indexOf(search.slice(0, 8));
  if (first === -1) return;
  const border = bordersOf(search);
  let matched = 0;
  for (let at = first; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    while (matched > 0 && unit !== search.charCodeAt(matched)) matched = border[matched - 1] ?? 0;
    if (unit === search.charCodeAt(matched)) matched++;
    if (matched < search.length) continue;
    yield at + 1 - search.length;
    matched = overlapping ? (border[matched - 1] ?? 0) : 0;
  }
}

function bordersOf(search: string): Uint32Array {
  const border = new Uint32Array(search.length);
  let length = 0;
  for (let at = 1; at < search.length; at++) {
    const unit = search.charCodeAt(at);
    while (length > 0 && unit !== search.charCodeAt(length)) length = border[length - 1] ?? 0;
    if (unit === search.charCodeAt(length)) length++;
    border[at] = length;
  }
  return border;
}

/** The first offset of `search` in `text`, or -1. */
export function firstOccurrence(text: string, search: string): number {
  for (const at of occurrences(text, search, false)) return at;
  return -1;
}
