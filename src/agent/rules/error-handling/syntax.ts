/** What both transformations need of a syntax tree and of lines, and no library has. */
import type { SyntaxNode, Tree } from "@lezer/common";

/** Which functions to wrap; undefined means all that can fail. A name is `load` or `Config.load`. */
export type FunctionNames = ReadonlySet<string> | undefined;

/** What became of one file. */
export type WrapResult =
  | {
      readonly kind: "wrapped";
      readonly source: string;
      readonly functions: readonly string[];
      readonly left: readonly LeftFunction[];
    }
  /** Nothing to do: every function is covered, cannot fail, or is none of those asked for. */
  | { readonly kind: "nothing"; readonly left: readonly LeftFunction[] }
  /** The file cannot be changed safely. */
  | { readonly kind: "skipped"; readonly reason: string };

/** A function that was asked for by name and left as it is. */
export interface LeftFunction {
  readonly name: string;
  readonly reason: string;
}

/** True when a function of this name (with its class in front) is among those asked for. */
export function isWanted(name: string, names: FunctionNames): boolean {
  return names === undefined || names.has(name) || names.has(name.slice(name.lastIndexOf(".") + 1));
}

/** The direct children, in order. */
export function children(node: SyntaxNode): readonly SyntaxNode[] {
  const found: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) found.push(child);
  return found;
}

/** True when the parser had to guess somewhere. */
export function hasErrors(tree: Tree): boolean {
  let errors = false;
  tree.iterate({
    enter: (node) => {
      errors ||= node.type.isError;
      return !errors;
    },
  });
  return errors;
}

/** Visits a node and what is below it; the visitor answers false to stay out of a node. */
export function walk(node: SyntaxNode, visit: (node: SyntaxNode) => boolean): void {
  const cursor = node.cursor();
  cursor.iterate((ref) => visit(ref.node));
}

/** The source's first line break. */
export function lineBreak(source: string): string {
  const at = source.indexOf("\n");
  return at > 0 && source.charAt(at - 1) === "\r" ? "\r\n" : "\n";
}

/** Where the line that holds `at` begins. */
export function lineStart(source: string, at: number): number {
  return source.lastIndexOf("\n", at - 1) + 1;
}

/** Where the line that holds `at` ends, before its line break. */
export function lineEnd(source: string, at: number): number {
  const found = source.indexOf("\n", at);
  if (found === -1) return source.length;
  return found > at && source.charAt(found - 1) === "\r" ? found - 1 : found;
}

/** The white space a line begins with. */
export function indentAt(source: string, start: number): string {
  let end = start;
  while (source.charAt(end) === " " || source.charAt(end) === "\t") end += 1;
  return source.slice(start, end);
}

/** The starts of all lines that begin after `from` and before `to`. */
export function lineStartsBetween(source: string, from: number, to: number): readonly number[] {
  const starts: number[] = [];
  for (let at = source.indexOf("\n", from); at !== -1 && at + 1 < to; at = source.indexOf("\n", at + 1)) {
    starts.push(at + 1);
  }
  return starts;
}

/** A test for offsets inside one of these disjoint ranges; a range's first offset does not count. */
export function insideRanges(ranges: readonly { from: number; to: number }[]): (at: number) => boolean {
  const sorted = ranges.toSorted((a, b) => a.from - b.from);
  return (at) => {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sorted[middle]?.from ?? 0) < at) low = middle + 1;
      else high = middle;
    }
    const nearest = sorted[low - 1];
    return nearest !== undefined && at < nearest.to;
  };
}
