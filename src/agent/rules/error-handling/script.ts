/** Adds error handling to JavaScript and TypeScript source: function bodies log what they throw and throw it on. */
import type { SyntaxNode } from "@lezer/common";
import MagicString from "magic-string";
import { parseScript, type ScriptDialect } from "./script-parse.ts";
import {
  blockStatements,
  directiveCount,
  type ScriptFunction,
  scriptFunctions,
  whyLeaveScript,
} from "./script-scope.ts";
import { readScriptStyle, type ScriptStyle } from "./script-style.ts";
import {
  type FunctionNames,
  indentAt,
  insideRanges,
  isWanted,
  type LeftFunction,
  lineEnd,
  lineStart,
  lineStartsBetween,
  type WrapResult,
  walk,
} from "./syntax.ts";

/** What goes into the `try` of one function, and the white space around it, which is rewritten. */
interface Region {
  readonly fn: ScriptFunction;
  readonly headerEnd: number;
  readonly from: number;
  readonly to: number;
  readonly brace: number;
  readonly outer: string;
  readonly indent: string;
  readonly unit: string;
}

/** Wraps the functions asked for, or all that can fail. Everything else stays byte for byte. */
export function wrapScript(source: string, dialect: ScriptDialect, names: FunctionNames): WrapResult {
  const bom = source.startsWith("\uFEFF") ? "\uFEFF" : "";
  const text = source.slice(bom.length);
  const tree = parseScript(text, dialect);
  if (tree === undefined) return { kind: "skipped", reason: "its syntax is not understood" };
  const style = readScriptStyle(tree.topNode, text);
  const left: LeftFunction[] = [];
  const regions: Region[] = [];
  for (const fn of scriptFunctions(tree.topNode, text)) {
    if (!isWanted(fn.name, names)) continue;
    const reason = whyLeaveScript(fn, text, names !== undefined);
    const region = reason === undefined ? regionOf(fn, text, style) : undefined;
    if (region !== undefined) regions.push(region);
    else left.push({ name: fn.name, reason: reason ?? "is laid out in a way that cannot be changed safely" });
  }
  if (regions.length === 0) return { kind: "nothing", left };
  const result = rewrite(text, tree.topNode, regions, style);
  if (parseScript(result, dialect) === undefined)
    return { kind: "skipped", reason: "the result would not parse" };
  return { kind: "wrapped", source: `${bom}${result}`, functions: regions.map(({ fn }) => fn.name), left };
}

function regionOf(fn: ScriptFunction, source: string, style: ScriptStyle): Region | undefined {
  const { block, node } = fn;
  const brace = block.to - 1;
  const statements = blockStatements(block);
  const kept = directiveCount(statements) + (fn.isConstructor && fn.isDerived ? 1 : 0);
  const header = kept === 0 ? block.from + 1 : (statements[kept - 1]?.to ?? block.from + 1);
  const headerEnd = afterComment(block, source, header);
  const from = headerEnd + leadingSpace(source.slice(headerEnd, brace));
  const to = headerEnd + source.slice(headerEnd, brace).trimEnd().length;
  const braceLine = lineStart(source, brace);
  const ownBraceLine = source.slice(braceLine, brace).trim() === "";
  const outer = indentAt(source, ownBraceLine ? braceLine : lineStart(source, node.from));
  if (lineStart(source, block.from) === braceLine && isAnnotated(source, lineStart(source, node.from)))
    return undefined;
  const firstLine = lineStart(source, from);
  const first = firstLine >= headerEnd ? source.slice(firstLine, from) : "";
  const deeper = first.startsWith(outer) && first.length > outer.length;
  const indent = deeper ? first : outer + style.unit;
  return {
    fn,
    headerEnd,
    from,
    to,
    brace,
    outer,
    indent,
    unit: deeper ? first.slice(outer.length) : style.unit,
  };
}

/** Past a comment that ends the header's line. */
function afterComment(block: SyntaxNode, source: string, header: number): number {
  const end = lineEnd(source, header);
  const comment = block.childAfter(header);
  const isComment = comment?.name === "LineComment" || comment?.name === "BlockComment";
  if (comment === null || !isComment || comment.to > end) return header;
  return source.slice(header, comment.from).trim() === "" && source.slice(comment.to, end).trim() === ""
    ? comment.to
    : header;
}

function leadingSpace(text: string): number {
  return text.length - text.trimStart().length;
}

/** True below a `@ts-expect-error` or `@ts-expect-error`, which is about the very next line. */
function isAnnotated(source: string, start: number): boolean {
  return start > 0 && /@ts-(ignore|expect-error)/.test(source.slice(lineStart(source, start - 1), start));
}

function rewrite(source: string, top: SyntaxNode, regions: readonly Region[], style: ScriptStyle): string {
  const output = new MagicString(source);
  const fixed = insideRanges(fixedRanges(top, source));
  const { eol, end, quote, logger } = style;
  for (const { fn, headerEnd, from, to, brace, outer, indent, unit } of regions) {
    const inner = indent + unit;
    const gap =
      /\n[ \t]*\r?\n/.test(source.slice(headerEnd, from)) && headerEnd > fn.block.from + 1 ? eol : "";
    replaceGap(output, headerEnd, from, `${gap}${eol}${indent}try {${eol}${inner}`);
    for (const start of lineStartsBetween(source, from, to)) {
      if (fixed(start) || source.slice(start, lineEnd(source, start)).trim() === "") continue;
      output.appendRight(source.startsWith(indent, start) ? start + indent.length : start, unit);
    }
    const name = style.caught(source.slice(fn.node.from, fn.node.to));
    const log = `${logger}.error(${quote}${fn.name} failed:${quote}, ${name})${end}`;
    const handler = [
      `${indent}} catch (${name}) {`,
      `${inner}${log}`,
      `${inner}throw ${name}${end}`,
      `${indent}}`,
      outer,
    ];
    replaceGap(output, to, brace, `${eol}${handler.join(eol)}`);
  }
  return output.toString();
}

function replaceGap(output: MagicString, from: number, to: number, text: string): void {
  if (to > from) output.overwrite(from, to, text);
  else output.appendLeft(from, text);
}

/** Text that runs over several lines and means its own white space. */
function fixedRanges(top: SyntaxNode, source: string): readonly { from: number; to: number }[] {
  const ranges: { from: number; to: number }[] = [];
  walk(top, (node) => {
    if (
      !["TemplateString", "String", "BlockComment", "JSXAttributeValue", "TemplateType"].includes(node.name)
    )
      return true;
    const text = source.slice(node.from, node.to);
    const movable = node.name === "BlockComment" && /^[^\n]*(\n\s*\*[^\n]*)*$/.test(text);
    if (text.includes("\n") && !movable) ranges.push({ from: node.from, to: node.to });
    return false;
  });
  return ranges;
}
