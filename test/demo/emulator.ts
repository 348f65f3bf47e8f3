/** The part of a terminal that the demo's display relies on, to compare what is on the screen at the end. */

export interface Emulated {
  /** Every line, those scrolled away too, without spaces at the end. */
  readonly lines: readonly string[];
  readonly cursorVisible: boolean;
  /** The SGR parameters used. */
  readonly styles: readonly string[];
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences start with one.
const TOKEN = /\x1b\[(\??)(\d*)([A-Za-z])|[\s\S]/gu;

/**
 * Carries out what was written to a terminal that never wraps: CR, LF, CUU, EL, ED, SGR and DECTCEM.
 * Throws for everything else, so that no other sequence gets into the display unnoticed.
 */
export function emulate(written: string): Emulated {
  const lines: string[][] = [[]];
  const styles = new Set<string>();
  let row = 0;
  let column = 0;
  let cursorVisible = true;
  const line = () => {
    lines[row] ??= [];
    return lines[row] ?? [];
  };
  for (const [token, mark = "", parameter = "", final] of written.matchAll(TOKEN)) {
    if (final === undefined) {
      if (token === "\r") column = 0;
      else if (token === "\n") row += 1;
      else if (token < " " || (token >= "\x7f" && token <= "\x9f"))
        throw new Error(`Control character ${JSON.stringify(token)}`);
      else line()[column++] = token;
      line();
      continue;
    }
    switch (`${mark}${final}`) {
      case "A":
        row = Math.max(0, row - Number(parameter || "1"));
        break;
      case "K":
        line().length = Math.min(line().length, column);
        break;
      case "J":
        line().length = Math.min(line().length, column);
        lines.length = row + 1;
        break;
      case "m":
        styles.add(parameter);
        break;
      case "?h":
      case "?l":
        if (parameter !== "25") throw new Error(`Mode ${parameter}`);
        cursorVisible = final === "h";
        break;
      default:
        throw new Error(`Escape sequence ${JSON.stringify(token)}`);
    }
  }
  const text = lines.map((cells) =>
    Array.from(cells, (cell) => cell ?? " ")
      .join("")
      .trimEnd(),
  );
  while (text.at(-1) === "") text.pop();
  return { lines: text, cursorVisible, styles: [...styles].sort() };
}
