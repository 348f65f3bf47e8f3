/** Makes text from elsewhere harmless to a terminal: what would steer it is shown instead. */

/** C0 but for tab and line feed, DEL, C1, line and paragraph separators, and what reorders text (UAX #9). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const STEERING = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/**
 * Shows control characters as their pictures (ESC as `␛`) and the others by number (`<U+202E>`), so
 * that nothing is hidden. Tabs and line feeds stay.
 */
export function printable(text: string): string {
  return text.toWellFormed().replace(STEERING, picture);
}

/** The same on one line: any white space becomes one space. */
export function printableLine(text: string): string {
  return printable(text.replace(/\s+/g, " ").trim());
}

function picture(character: string): string {
  const code = character.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return "␡";
  return `<U+${code.toString(16).toUpperCase().padStart(4, "0")}>`;
}
