/** A line of coloured text as data: laid out and tested without escape codes, painted at the very end. */
import { columnsOf, cut } from "./columns.ts";

export type Style = "plain" | "bold" | "dim" | "red" | "green" | "yellow" | "cyan";
export type Span = readonly [text: string, style?: Style];
export type Line = readonly Span[];

/** SGR parameters (ECMA-48, 8.3.117). */
const CODES: Readonly<Record<Style, string>> = {
  plain: "",
  bold: "1",
  dim: "2",
  red: "31",
  green: "32",
  yellow: "33",
  cyan: "36",
};

/** The line in at most so many columns, what is too much replaced by `…`. */
export function fitLine(line: Line, columns: number): Line {
  const fitted: Span[] = [];
  let room = columns;
  for (const [text, style = "plain"] of line) {
    const part = cut(text, room);
    if (part !== "") fitted.push([part, style]);
    room -= columnsOf(part);
    if (part !== text) break;
  }
  return fitted;
}

/** Puts a text at the right edge, and cuts what stands in its way. */
export function withRight(left: Line, right: string, columns: number): Line {
  if (right === "") return fitLine(left, columns);
  const fitted = fitLine(left, Math.max(0, columns - columnsOf(right) - 2));
  const taken = fitted.reduce((sum, [text]) => sum + columnsOf(text), 0);
  return [...fitted, [" ".repeat(Math.max(2, columns - taken - columnsOf(right)))], [right, "dim"]];
}

/** The line as a terminal takes it, with colours or without. */
export function paint(line: Line, colours: boolean): string {
  return line
    .map(([text, style = "plain"]) =>
      colours && style !== "plain" && text !== "" ? `\x1b[${CODES[style]}m${text}\x1b[0m` : text,
    )
    .join("");
}
