/** Colours a unified diff line by line, as git does. */
import type { Line, Style } from "./line.ts";
import { printable } from "./printable.ts";

/** The lines of what `git diff` printed, harmless to a terminal. */
export function diffLines(diff: string): Line[] {
  let inHunk = false;
  return printable(diff.replace(/\n$/, ""))
    .split("\n")
    .map((text) => {
      if (text.startsWith("diff --git ")) inHunk = false;
      else if (text.startsWith("@@ ")) inHunk = true;
      return [[text, inHunk ? hunkStyle(text) : "bold"]];
    });
}

function hunkStyle(text: string): Style {
  switch (text.charAt(0)) {
    case "@":
      return "cyan";
    case "+":
      return "green";
    case "-":
      return "red";
    case "\\":
      return "dim";
    default:
      return "plain";
  }
}
