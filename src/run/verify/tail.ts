/** The end of what a command prints, in bounded memory: what matters of a failing test comes last. */

export interface Tail {
  push(data: string): void;
  /** At most `characters` from the end, beginning with a whole line where there is one; plain text. */
  last(characters: number): string;
}

const KEPT_CHARACTERS = 24_000;

export function createTail(): Tail {
  let kept = "";
  return {
    push(data) {
      kept += data;
      // Cut seldom: a cut copies what is kept.
      if (kept.length > 2 * KEPT_CHARACTERS) kept = kept.slice(-KEPT_CHARACTERS);
    },
    last(characters) {
      const text = plain(kept);
      if (text.length <= characters) return text;
      const cut = text.slice(-characters);
      const newline = cut.indexOf("\n");
      return (newline < 0 || newline === cut.length - 1 ? cut : cut.slice(newline + 1)).toWellFormed();
    },
  };
}

/**
 * ECMA-48 and xterm: control sequences (colours, cursor movements), strings such as titles and links up to their end or
 * the line's, and other escapes. Each alternative reads on from its ESC only, so the time is linear.
 */
const ESCAPES =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ESC begins an escape, BEL or ST ends a string
  /\u001b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\u0007\u001b\n]*(?:\u0007|\u001b\\)?|[ -/]+[0-~]|[0-Z\\`-~])/g;

function plain(output: string): string {
  return output.replace(ESCAPES, "").split("\n").map(lastWritten).join("\n");
}

/** Of a line written over, the last; a return at its end has nothing behind it yet. */
function lastWritten(line: string): string {
  let end = line.length;
  while (line[end - 1] === "\r") end -= 1;
  return line.slice(line.lastIndexOf("\r", end - 1) + 1, end);
}
