/** Small functions for the sentences people read: bounded, on one line, counted right. */

/** The text on one line, at most `max` characters, control characters made blanks. */
export function oneLine(text: string, max: number): string {
  // A regular expression over the first part only: the rest would be cut off anyway.
  const flat = text
    .slice(0, max * 4)
    .replace(/[\s\p{Cc}\p{Cf}]+/gu, " ")
    .trim();
  if (flat.length <= max && text.length <= max * 4) return flat;
  return `${flat.slice(0, max - 1).trimEnd()}…`;
}

/** The text in straight double quotes, bounded. */
export function quote(text: string, max = 60): string {
  return `"${oneLine(text, max)}"`;
}

/** `1 file`, `2 files`, `3 entries`. */
export function count(amount: number, singular: string, plural = `${singular}s`): string {
  return `${amount} ${amount === 1 ? singular : plural}`;
}

/** `a`, `a and b`, `a, b and c`, `a, b and 5 more`. */
export function listed(items: readonly string[], max = 3): string {
  if (items.length === 0) return "";
  const shown = items.length > max + 1 ? items.slice(0, max) : items;
  const parts = shown.length < items.length ? [...shown, `${items.length - shown.length} more`] : [...shown];
  const last = parts.pop() ?? "";
  return parts.length === 0 ? last : `${parts.join(", ")} and ${last}`;
}

/** A commit subject: one line, at most 72 characters. */
export function subject(text: string): string {
  return oneLine(text, 72);
}
