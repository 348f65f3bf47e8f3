/** Adds error handling to Python source: function bodies log what they raise and raise it on. */
import type { SyntaxNode } from "@lezer/common";
import MagicString from "magic-string";
import { choosePythonLogger, redefinesException } from "./python-logger.ts";
import { parsePython } from "./python-parse.ts";
import {
  isDocstring,
  type PythonFunction,
  pythonFunctions,
  statementsOf,
  whyLeavePython,
} from "./python-scope.ts";
import {
  type FunctionNames,
  indentAt,
  insideRanges,
  isWanted,
  type LeftFunction,
  lineBreak,
  lineEnd,
  lineStart,
  lineStartsBetween,
  type WrapResult,
  walk,
} from "./syntax.ts";

/** The lines of one function that go into the `try`, and the texts around them. */
interface Region {
  readonly fn: PythonFunction;
  /** Replaced by the `try:` line; empty when that is only inserted. */
  readonly open: { readonly from: number; readonly to: number };
  readonly end: number;
  readonly indent: string;
  readonly unit: string;
  /** The body stands on the line of its `def`. */
  readonly inline: boolean;
}

/** Wraps the functions asked for, or all that can fail. Everything else stays byte for byte. */
export function wrapPython(source: string, names: FunctionNames): WrapResult {
  const bom = source.startsWith("\uFEFF") ? "\uFEFF" : "";
  const text = source.slice(bom.length);
  const tree = parsePython(text);
  if (tree === undefined) return { kind: "skipped", reason: "its syntax is not understood" };
  if (redefinesException(tree.topNode, text)) {
    return { kind: "skipped", reason: "it gives the name Exception a meaning of its own" };
  }
  const left: LeftFunction[] = [];
  const regions: Region[] = [];
  const unit = fileUnit(tree.topNode, text);
  for (const fn of pythonFunctions(tree.topNode, text)) {
    if (!isWanted(fn.name, names)) continue;
    const reason = whyLeavePython(fn, text, names !== undefined);
    const region = reason === undefined ? regionOf(fn, text, unit) : reason;
    if (typeof region === "string") left.push({ name: fn.name, reason: region });
    else regions.push(region);
  }
  if (regions.length === 0) return { kind: "nothing", left };
  const result = rewrite(text, tree.topNode, regions);
  if (parsePython(result) === undefined) return { kind: "skipped", reason: "the result would not parse" };
  return { kind: "wrapped", source: `${bom}${result}`, functions: regions.map(({ fn }) => fn.name), left };
}

/** What the file indents by: the first indented body decides. */
function fileUnit(top: SyntaxNode, source: string): string {
  let unit: string | undefined;
  walk(top, (node) => {
    if (node.name !== "Body" || unit !== undefined) return unit === undefined;
    const [first] = statementsOf(node);
    const start = first === undefined ? 0 : lineStart(source, first.from);
    const outer = indentAt(source, lineStart(source, node.parent?.from ?? 0));
    const inner = first !== undefined && start > node.from ? indentAt(source, start) : "";
    if (inner.length > outer.length && inner.startsWith(outer)) unit = inner.slice(outer.length);
    return true;
  });
  return unit ?? "    ";
}

const UNUSUAL = "is laid out in a way that cannot be indented safely";

function regionOf(fn: PythonFunction, source: string, fileIndent: string): Region | string {
  const statements = statementsOf(fn.body);
  const documented = isDocstring(statements[0]);
  const first = statements[documented ? 1 : 0];
  const last = statements.at(-1);
  const headerStart = lineStart(source, fn.node.from);
  const outer = source.slice(headerStart, fn.node.from);
  if (first === undefined || last === undefined || !/^[ \t]*$/.test(outer)) return UNUSUAL;
  const colon = fn.body.from + 1;
  const header = documented ? significantEnd(statements[0] ?? first) : colon;
  const between = source.slice(colon, statements[0]?.from);
  if (between.includes("\\")) return UNUSUAL;
  const end = lineEnd(source, significantEnd(last));
  if (!between.includes("\n")) {
    const open = { from: documented ? header : colon, to: first.from };
    return { fn, open, end, indent: outer + fileIndent, unit: fileIndent, inline: true };
  }
  const start = firstLine(source, lineEnd(source, header), first.from);
  const indent = source.slice(lineStart(source, first.from), first.from);
  const unit = indent.slice(outer.length);
  const ordinary = /^[ \t]+$/.test(indent) && indent.startsWith(outer) && unit !== "";
  if (!ordinary || start > lineStart(source, first.from)) return UNUSUAL;
  const region = {
    fn,
    open: { from: start, to: start },
    end: withComments(source, end, indent),
    indent,
    unit,
    inline: false,
  };
  return isMixed(source, region) ? UNUSUAL : region;
}

/** The end of a node's last token that is not a comment; compound statements reach past their line break. */
function significantEnd(node: SyntaxNode): number {
  let at = node;
  for (;;) {
    let child = at.name.endsWith("String") ? null : at.lastChild;
    while (child !== null && child.name === "Comment") child = child.prevSibling;
    if (child === null) return at.to;
    at = child;
  }
}

/** The first line after the header that is neither blank nor a type comment, which has to stay where it is. */
function firstLine(source: string, headerEnd: number, first: number): number {
  for (const start of lineStartsBetween(source, headerEnd, first)) {
    const line = source.slice(start, lineEnd(source, start)).trim();
    if (line !== "" && !/^#\s*type:/.test(line)) return start;
  }
  return lineStart(source, first);
}

/** Comments after the last statement that are indented like the body belong to it. */
function withComments(source: string, end: number, indent: string): number {
  let reached = end;
  for (let at = source.indexOf("\n", end); at !== -1; at = source.indexOf("\n", at + 1)) {
    const stop = lineEnd(source, at + 1);
    const line = source.slice(at + 1, stop);
    if (line.startsWith(`${indent}#`) || (line.startsWith(indent) && line.trimStart().startsWith("#")))
      reached = stop;
    else if (line.trim() !== "" || stop === source.length) break;
  }
  return reached;
}

/** True when lines that seem to be statements are not indented with the same characters as the first one. */
function isMixed(source: string, region: Region): boolean {
  const width = (indent: string): number => {
    let column = 0;
    for (const char of indent) column = char === "\t" ? (Math.floor(column / 8) + 1) * 8 : column + 1;
    return column;
  };
  const least = width(region.indent);
  return lineStartsBetween(source, region.open.from - 1, region.end).some((start) => {
    const indent = indentAt(source, start);
    return "\f" === source.charAt(start) || (width(indent) >= least && !indent.startsWith(region.indent));
  });
}

function rewrite(source: string, top: SyntaxNode, regions: readonly Region[]): string {
  const output = new MagicString(source);
  const eol = lineBreak(source);
  const logger = choosePythonLogger(top, source);
  if (logger.insertion !== undefined) output.appendLeft(logger.insertion.at, logger.insertion.text);
  const inString = insideRanges(multilineStrings(top, source));
  for (const region of regions) {
    const { indent, unit } = region;
    const inner = indent + unit;
    openTry(output, region, eol);
    if (!region.inline) {
      for (const start of lineStartsBetween(source, region.open.from - 1, region.end)) {
        if (!inString(start)) indentLine(output, source, start, region);
      }
    }
    const log = `${logger.expression}.exception("${region.fn.name} failed")`;
    output.appendLeft(region.end, `${eol}${indent}except Exception:${eol}${inner}${log}${eol}${inner}raise`);
  }
  return output.toString();
}

function openTry(output: MagicString, region: Region, eol: string): void {
  const { open, indent, unit, inline } = region;
  if (!inline) {
    output.appendLeft(open.from, `${indent}try:${eol}`);
    return;
  }
  const [first] = statementsOf(region.fn.body);
  const documented = first !== undefined && open.from > first.from;
  if (documented) output.overwrite(region.fn.body.from + 1, first.from, `${eol}${indent}`);
  const text = `${eol}${indent}try:${eol}${indent}${unit}`;
  if (open.to > open.from) output.overwrite(open.from, open.to, text);
  else output.appendLeft(open.to, text);
}

function indentLine(output: MagicString, source: string, start: number, { indent, unit }: Region): void {
  if (source.slice(start, lineEnd(source, start)).trim() === "") return;
  output.appendRight(source.startsWith(indent, start) ? start + indent.length : start, unit);
}

function multilineStrings(top: SyntaxNode, source: string): readonly { from: number; to: number }[] {
  const ranges: { from: number; to: number }[] = [];
  walk(top, (node) => {
    if (node.name !== "String" && node.name !== "FormatString") return true;
    if (source.slice(node.from, node.to).includes("\n")) ranges.push({ from: node.from, to: node.to });
    return false;
  });
  return ranges;
}
