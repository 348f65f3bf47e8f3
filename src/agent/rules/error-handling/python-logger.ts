/** Chooses the expression Python code logs with, and the import it needs, so that no name in the file is shadowed. */
import type { SyntaxNode } from "@lezer/common";
import { isDocstring, statementsOf } from "./python-scope.ts";
import { lineBreak, lineStart, walk } from "./syntax.ts";

export interface PythonLogger {
  /** Has a method `exception`. */
  readonly expression: string;
  /** The import to insert; undefined when the file has what it takes. */
  readonly insertion: { readonly at: number; readonly text: string } | undefined;
}

const LOGGER_NAMES = ["logger", "log", "LOGGER", "LOG", "_logger", "_log"];

const NAMING = new Set([
  "ClassDefinition",
  "FunctionDefinition",
  "ImportStatement",
  "ParamList",
  "ScopeStatement",
]);

/** The module's own logger when it surely is one, else the standard module's. */
export function choosePythonLogger(top: SyntaxNode, source: string): PythonLogger {
  const statements = statementsOf(top);
  const names = occurrences(top, source);
  const starred = statements.some((node) => node.name === "ImportStatement" && node.getChild("*") !== null);
  const early = statements.slice(0, firstDefinition(statements));
  const logger = starred
    ? undefined
    : LOGGER_NAMES.find((name) => isModuleLogger(name, names, early, source));
  if (logger !== undefined) return { expression: logger, insertion: undefined };

  const bindings = (names.get("logging") ?? []).filter((node) => !isUse(node));
  const imported = bindings.length === 1 && early.some((node) => importsLogging(node, source));
  if (imported && !starred) return { expression: "logging.getLogger(__name__)", insertion: undefined };
  const alias = bindings.length === 0 && !starred ? "logging" : freeName(source);
  const text = alias === "logging" ? "import logging" : `import logging as ${alias}`;
  return { expression: `${alias}.getLogger(__name__)`, insertion: place(statements, source, text) };
}

/** Every place each name stands in the file. */
function occurrences(top: SyntaxNode, source: string): ReadonlyMap<string, readonly SyntaxNode[]> {
  const wanted = new Set(["logging", ...LOGGER_NAMES]);
  const found = new Map<string, SyntaxNode[]>();
  walk(top, (node) => {
    if (node.name !== "VariableName" || node.to - node.from > 10) return true;
    const text = source.slice(node.from, node.to);
    if (wanted.has(text)) found.set(text, [...(found.get(text) ?? []), node]);
    return true;
  });
  return found;
}

/** True for a name that is only read. Everything unclear counts as a binding. */
function isUse(node: SyntaxNode): boolean {
  const parent = node.parent;
  if (parent?.name === "MemberExpression" || parent?.name === "CallExpression") {
    return parent.firstChild?.from === node.from;
  }
  return parent?.name === "ArgList" && node.nextSibling?.name !== "AssignOp";
}

function firstDefinition(statements: readonly SyntaxNode[]): number {
  const index = statements.findIndex((node) =>
    /^(Function|Class)Definition$|^DecoratedStatement$/.test(node.name),
  );
  return index === -1 ? statements.length : index;
}

function isModuleLogger(
  name: string,
  names: ReadonlyMap<string, readonly SyntaxNode[]>,
  early: readonly SyntaxNode[],
  source: string,
): boolean {
  const bindings = (names.get(name) ?? []).filter((node) => !isUse(node));
  const [binding] = bindings;
  if (binding === undefined || bindings.length > 1) return false;
  const assignment = early.find((node) => node.from === binding.from && node.name === "AssignStatement");
  const callee = assignment?.lastChild?.name === "CallExpression" ? assignment.lastChild.firstChild : null;
  const targets = assignment?.getChildren("AssignOp").length ?? 0;
  if (callee === null || targets !== 1) return false;
  return /^(logging\.)?getLogger$/.test(source.slice(callee.from, callee.to));
}

/** True for `import logging`, also in a list and for `import logging.handlers`; not for `import x as logging`. */
function importsLogging(node: SyntaxNode, source: string): boolean {
  if (node.name !== "ImportStatement" || node.getChild("from") !== null) return false;
  return /(^import|,)\s*logging\s*(\.\s*\w+\s*)*(,|$)/.test(
    source.slice(node.from, Math.min(node.to, node.from + 500)),
  );
}

function freeName(source: string): string {
  for (let number = 0; ; number += 1) {
    const name = number === 0 ? "_logging" : `_logging_${number}`;
    if (!source.includes(name)) return name;
  }
}

/** Before the first statement that is neither the module's docstring nor an import from `__future__`. */
function place(
  statements: readonly SyntaxNode[],
  source: string,
  statement: string,
): { readonly at: number; readonly text: string } {
  const eol = lineBreak(source);
  const isPrologue = (node: SyntaxNode, index: number): boolean =>
    (index === 0 && isDocstring(node)) ||
    /^from\s+__future__\s/.test(source.slice(node.from, node.from + 40));
  const index = statements.findIndex((node, at) => !isPrologue(node, at));
  const anchor = statements[index];
  if (anchor === undefined) return { at: source.length, text: `${eol}${statement}${eol}` };
  const start = lineStart(source, anchor.from);
  if (source.slice(start, anchor.from).trim() !== "") return { at: anchor.from, text: `${statement}; ` };
  if (anchor.name === "ImportStatement" || source.startsWith("import ", start)) {
    return { at: start, text: `${statement}${eol}` };
  }
  const gap = /^(Function|Class)Definition$|^DecoratedStatement$/.test(anchor.name)
    ? `${eol}${eol}${eol}`
    : `${eol}${eol}`;
  const comments = commentsAbove(source, start);
  if (comments > 0) return { at: comments, text: `${statement}${gap}` };
  return { at: start, text: `${comments < start ? eol : ""}${statement}${gap}` };
}

/** Where the comment lines directly above this line begin: they belong to the statement below them. */
function commentsAbove(source: string, start: number): number {
  let at = start;
  while (at > 0) {
    const previous = lineStart(source, at - 1);
    if (!/^\s*#/.test(source.slice(previous, at))) break;
    at = previous;
  }
  return at;
}

/** True when the file gives the name `Exception` a meaning of its own, so that no handler may use it. */
export function redefinesException(top: SyntaxNode, source: string): boolean {
  let found = false;
  walk(top, (node) => {
    if (node.name !== "VariableName" || source.slice(node.from, node.to) !== "Exception") return !found;
    const parent = node.parent;
    const assigned =
      parent?.name === "AssignStatement" && node.to <= (parent.getChild("AssignOp")?.from ?? 0);
    found ||= assigned || NAMING.has(parent?.name ?? "");
    return !found;
  });
  return found;
}
