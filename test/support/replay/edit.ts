/** What one `edit_file` call does to a text: the tool's contract, written a second time to hold it to it. */

export interface Edit {
  readonly old_text: string;
  readonly new_text: string;
  readonly replace_all?: boolean;
}

/** The text after the edit; undefined where the tool has to refuse, or two readings of the contract differ. */
export function applyEdit(text: string, edit: Edit): string | undefined {
  const { old_text: from, new_text: to } = asInFile(text, edit);
  const first = from === "" ? -1 : text.indexOf(from);
  if (first < 0) return undefined;
  if (edit.replace_all === true) return overlaps(from) ? undefined : text.split(from).join(to);
  if (text.indexOf(from, first + 1) >= 0) return undefined;
  return text.slice(0, first) + to + text.slice(first + from.length);
}

/** True when every line feed of a text belongs to a CRLF, and there is one. */
export function isCrlf(text: string): boolean {
  return text.includes("\n") && !/(?<!\r)\n/.test(text);
}

/** LF stands for CRLF in a file that has nothing else, when the edit does not know of CR at all. */
function asInFile(text: string, { old_text, new_text }: Edit): Edit {
  if (/\r/.test(old_text + new_text) || !isCrlf(text)) return { old_text, new_text };
  return { old_text: old_text.replaceAll("\n", "\r\n"), new_text: new_text.replaceAll("\n", "\r\n") };
}

/** True when occurrences of a text can overlap, so that "all of them" is not clear. */
function overlaps(text: string): boolean {
  for (let length = 1; length < text.length; length += 1) {
    if (text.endsWith(text.slice(0, length))) return true;
  }
  return false;
}
