/** Shows names and texts from a repository so that they cannot pose as anything but names and texts. */

/** Letters, digits and signs that neither end a line, a quotation or a fence, nor hide or turn round what follows. */
const PLAIN = /^[\p{L}\p{M}\p{N}._\-+@()[\]~#$%=!&']+$/u;
/** What JSON leaves as it is although it hides text, turns it round or looks like the end of a fence. */
const DECEPTIVE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\u115f\u1160\u3164\uffa0`<]/gu;
/** As above, but for what a text needs: tabs, newlines, and the joiners of scripts and emoji. */
const INVISIBLE = /(?!\u200c|\u200d|\n|\t)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]/gu;

/**
 * A file's or folder's name on one line: as it is when it is plain, else as a JSON string in ASCII signs
 * where it would deceive. At most about six times `max` characters; a longer name is cut and says so.
 */
export function shownName(name: string, max = 80): string {
  const kept = cutAt(name, max);
  if (kept === name) return isPlain(name) ? name : quoted(name);
  return `${quoted(kept)}… (${name.length} characters)`;
}

/** A path on one line, like `shownName`; plain ones keep their slashes. */
export function shownPath(path: string, max = 200): string {
  const kept = cutAt(path, max);
  if (kept !== path) return `${quoted(kept)}… (${path.length} characters)`;
  return path.split("/").every(isPlain) ? path : quoted(path);
}

function isPlain(name: string): boolean {
  return PLAIN.test(name) && name.search(DECEPTIVE) < 0;
}

/** A JSON string that reads back as the text. */
export function quoted(text: string): string {
  return JSON.stringify(text).replace(DECEPTIVE, escaped);
}

function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, unit) => {
    return `\\u${character.charCodeAt(unit).toString(16).padStart(4, "0")}`;
  }).join("");
}

/** The text without what a person who reviews it could not see: controls but tab and newline, direction marks, tags. */
export function withoutInvisible(text: string): string {
  return text.toWellFormed().replace(/\r\n?/g, "\n").replace(INVISIBLE, "");
}

/** At most `max` UTF-16 units from the beginning, and no half of a surrogate pair. */
export function cutAt(text: string, max: number): string {
  if (text.length <= max) return text;
  const last = text.charCodeAt(max - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? max - 1 : max);
}
