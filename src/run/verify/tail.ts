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

/** Without colours and cursor movements (ECMA-48 control sequences); of lines written over, the last. */
function plain(output: string): string {
  return (
    output
      // biome-ignore lint/suspicious/noControlCharactersInRegex: ESC begins a control sequence
      .replace(/\u001b\[[0-?]*[ -/]*[@-~]/g, "")
      .replaceAll("\r\n", "\n")
      .replace(/[^\n]*\r/g, "")
  );
}
