/** Parses Python, standing in for valid syntax the grammar lacks, so that fewer files have to be skipped. */
import type { Tree } from "@lezer/common";
import { parser } from "@lezer/python";
import { hasErrors } from "./syntax.ts";

/**
 * The syntax tree, or undefined when the source is not understood. Offsets are those of the source, but a
 * bare `yield` may come out as a name: nodes are to be judged by their text in the source as well.
 */
export function parsePython(source: string): Tree | undefined {
  const tree = parser.parse(source);
  if (!hasErrors(tree)) return tree;
  const masked = parser.parse(mask(source));
  return hasErrors(masked) ? undefined : masked;
}

/**
 * Replaces what the grammar cannot read by something of the same length that it can: `yield` without a
 * value, `1.`, `case A():`, form feeds, parenthesised `with` items and attributes as `with` targets. It may hit
 * strings and comments as well, where it does not matter.
 */
function mask(source: string): string {
  return source
    .replaceAll("\f", "\n")
    .replace(/\byield(?=[ \t]*(?:[)\]},;#\r\n]|$))/g, "_____")
    .replace(/(?<![\w.])(\d[\d_]*)\.(?![\w.])/g, "$10")
    .replace(/(?<![\w.])(\d[\d_]*)\.(?=[eE][+-]?\d|[jJ]\b)/g, "$10")
    .replace(/^[ \t]*case [^\n]*/gm, (line) => line.replaceAll("()", "  "))
    .replace(/\bas[ \t]+\w+(?:\.\w+|\[[^\]\n]*\])+(?=[ \t]*[,:)\\\r\n])/g, blank)
    .replace(/^[ \t]*(?:async[ \t]+)?with[ \t]*\((?:[^\n]*\n){0,40}?[^\n]*\)[ \t]*:/gm, (items) =>
      items.replace(/\bas[ \t]+\w+(?=[ \t]*(?:[,)#\r\n]))/g, blank),
    );
}

function blank(text: string): string {
  return " ".repeat(text.length);
}
