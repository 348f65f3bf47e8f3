/** Counts and cuts text in terminal columns, so that no line is wider than the window. */

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const ASCII = /^[\x20-\x7e]*$/;
/** East Asian Wide and Fullwidth (UAX #11), by block: what fonts draw two columns wide. */
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u;
const EMOJI = /^\p{Emoji_Presentation}|\ufe0f/u;
const NO_WIDTH = /^[\p{M}\p{Cf}]+$/u;

/** The columns a text without control characters takes. */
export function columnsOf(text: string): number {
  if (ASCII.test(text)) return text.length;
  return pieces(text).reduce((sum, piece) => sum + columnsOfPiece(piece), 0);
}

/** The text, or its beginning and `…`, in at most so many columns. */
export function cut(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  return columns < 1 ? "" : `${fitting(text, columns - 1)}…`;
}

/** Breaks a text at spaces into lines of at most so many columns; longer words are broken anywhere. */
export function wrap(text: string, columns: number): string[] {
  const width = Math.max(columns, 2);
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (columnsOf(longer) <= width) {
      line = longer;
      continue;
    }
    if (line !== "") lines.push(line);
    line = word;
    while (columnsOf(line) > width) {
      const head = fitting(line, width);
      lines.push(head);
      line = line.slice(head.length);
    }
  }
  return [...lines, line];
}

function fitting(text: string, columns: number): string {
  let head = "";
  let taken = 0;
  for (const piece of pieces(text)) {
    taken += columnsOfPiece(piece);
    if (taken > columns) break;
    head += piece;
  }
  return head;
}

function pieces(text: string): string[] {
  return Array.from(graphemes.segment(text), ({ segment }) => segment);
}

function columnsOfPiece(piece: string): number {
  if (NO_WIDTH.test(piece)) return 0;
  return WIDE.test(piece) || EMOJI.test(piece) ? 2 : 1;
}
