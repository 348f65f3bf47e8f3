/** Finds the field somebody meant by a name that does not exist. */

/** Longer names are never a slip of the finger, and the distance below costs their length squared. */
const MAX_LENGTH = 40;

/** The entry of `names` closest to `name` (spelling aside from case and separators), if any is close. */
export function suggest(name: string, names: readonly string[]): string | undefined {
  if (name.length > MAX_LENGTH) return undefined;
  const wanted = fold(name);
  if (wanted.length < 3) return undefined;
  let best: { name: string; distance: number } | undefined;
  for (const candidate of names) {
    const folded = fold(candidate);
    const distance = folded.includes(wanted) && wanted.length > 3 ? 1 : editDistance(wanted, folded);
    if (distance <= Math.min(2, wanted.length / 3) && (best === undefined || distance < best.distance)) {
      best = { name: candidate, distance };
    }
  }
  return best?.name;
}

function fold(name: string): string {
  return name.toLowerCase().replace(/[_\-\s]/g, "");
}

/** Levenshtein's distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substituted = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, substituted));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
