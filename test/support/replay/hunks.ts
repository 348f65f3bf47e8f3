/** Where two texts differ, as spans of whole lines. */
import { diffArrays } from "diff";

/** `[start, end)` of the text before becomes `text`. */
export interface Hunk {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Past this many lines the texts count as one difference. Time grows with its square. */
const MAX_EDIT_LENGTH = 1000;

/** In order, none next to another. */
export function hunksBetween(before: string, after: string): readonly Hunk[] {
  const parts = diffArrays(linesOf(before), linesOf(after), { maxEditLength: MAX_EDIT_LENGTH });
  if (parts === undefined) return [wholeDifference(before, after)];
  const hunks: Hunk[] = [];
  let at = 0;
  let open: Hunk | undefined;
  for (const { added, removed, value } of parts) {
    const text = value.join("");
    if (added || removed) {
      open ??= { start: at, end: at, text: "" };
      open = added ? { ...open, text: open.text + text } : { ...open, end: open.end + text.length };
    } else if (open !== undefined) {
      hunks.push(open);
      open = undefined;
    }
    if (!added) at += text.length;
  }
  return open === undefined ? hunks : [...hunks, open];
}

/** The one span outside of which the texts are the same; no surrogate pair is cut. */
export function wholeDifference(before: string, after: string): Hunk {
  const { start, end, text } = tightened(before, { start: 0, end: before.length, text: after });
  return { start, end, text };
}

/** A hunk without what its text has in common with what it replaces. */
export function tightened(before: string, { start, end, text }: Hunk): Hunk {
  const most = Math.min(end - start, text.length);
  let head = 0;
  while (head < most && before[start + head] === text[head]) head += 1;
  let tail = 0;
  while (tail < most - head && before[end - 1 - tail] === text[text.length - 1 - tail]) tail += 1;
  if (head > 0 && isLead(text.charCodeAt(head - 1))) head -= 1;
  if (tail > 0 && isTrail(text.charCodeAt(text.length - tail))) tail -= 1;
  return { start: start + head, end: end - tail, text: text.slice(head, text.length - tail) };
}

/** The nearest offset, downwards, that is not inside of a surrogate pair. */
export function atCharacter(text: string, offset: number): number {
  return isTrail(text.charCodeAt(offset)) && isLead(text.charCodeAt(offset - 1)) ? offset - 1 : offset;
}

function isLead(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function isTrail(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

function linesOf(text: string): string[] {
  return text.split(/(?<=\n)/);
}
