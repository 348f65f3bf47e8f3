/** Reads JavaScript and TypeScript functions out of a syntax tree and judges which of them error handling is for. */
import type { SyntaxNode } from "@lezer/common";
import { children, walk } from "./syntax.ts";

export interface ScriptFunction {
  /** With its class in front: `Config.load`. */
  readonly name: string;
  /** The function, method or arrow function itself. */
  readonly node: SyntaxNode;
  readonly block: SyntaxNode;
  readonly isConstructor: boolean;
  /** Inside a class that extends another. */
  readonly isDerived: boolean;
}

const FUNCTIONS = new Set([
  "FunctionDeclaration",
  "FunctionExpression",
  "ArrowFunction",
  "MethodDeclaration",
]);
const CLASSES = new Set(["ClassDeclaration", "ClassExpression"]);
/** Operations that can throw whatever stands around them. */
const RISKY = new Set([
  "CallExpression",
  "NewExpression",
  "AwaitExpression",
  "TaggedTemplateExpression",
  "ThrowStatement",
  "ForOfSpec",
  "ForInSpec",
]);
const PLAIN_STATEMENTS = new Set(["ReturnStatement", "ExpressionStatement", "VariableDeclaration", ";"]);

/** Top-level functions, function-valued constants and class members, in source order. */
export function scriptFunctions(top: SyntaxNode, source: string): readonly ScriptFunction[] {
  const found: ScriptFunction[] = [];
  const textOf = (node: SyntaxNode | null): string => (node === null ? "" : source.slice(node.from, node.to));

  const add = (node: SyntaxNode, name: string, owner?: { derived: boolean }): void => {
    const block = node.lastChild?.name === "Block" ? node.lastChild : null;
    if (block === null) return;
    const isConstructor =
      owner !== undefined && /(^|\.)constructor$/.test(name) && node.getChild("static") === null;
    found.push({ name, node, block, isConstructor, isDerived: owner?.derived ?? false });
  };
  const visitValue = (node: SyntaxNode | null, name: string): void => {
    if (node === null) return;
    if (CLASSES.has(node.name)) visitClass(node, name);
    else if (FUNCTIONS.has(node.name)) add(node, name);
  };
  const visitClass = (node: SyntaxNode, outer: string): void => {
    const own = node.getChild("VariableDefinition");
    const className = own === null ? outer : textOf(own);
    const owner = { derived: node.getChild("extends") !== null };
    for (const member of node.getChild("ClassBody")?.getChildren("MethodDeclaration") ?? []) {
      add(member, `${className}.${memberName(member, source)}`, owner);
    }
    for (const member of node.getChild("ClassBody")?.getChildren("PropertyDeclaration") ?? []) {
      const value = valueAfterEquals(member);
      if (value !== null && FUNCTIONS.has(value.name))
        add(value, `${className}.${memberName(member, source)}`);
    }
  };
  const visit = (node: SyntaxNode): void => {
    if (node.name === "ExportDeclaration") {
      for (const child of children(node)) {
        if (child.name === "ArrowFunction") add(child, "default");
        else visit(child);
      }
    } else if (node.name === "FunctionDeclaration") {
      add(node, textOf(node.getChild("VariableDefinition")) || "default");
    } else if (node.name === "ClassDeclaration") visitClass(node, "default");
    else if (node.name === "VariableDeclaration") {
      // A default export that could only be parsed as a constant, see script-parse.ts.
      const isDefault = source.startsWith("default", node.from);
      for (const name of node.getChildren("VariableDefinition")) {
        visitValue(initialOf(name), isDefault ? "default" : textOf(name));
      }
    } else if (node.name === "ExpressionStatement" && node.firstChild?.name === "AssignmentExpression") {
      const target = node.firstChild.firstChild;
      const simple = target?.name === "MemberExpression" || target?.name === "VariableName";
      if (simple) visitValue(valueAfterEquals(node.firstChild), assignedName(textOf(target)));
    }
  };
  for (const child of children(top)) visit(child);
  return found.toSorted((a, b) => a.node.from - b.node.from);
}

/** `module.exports.load` → `load`, `exports.load` → `load`, `Config.prototype.load` → `Config.load`. */
function assignedName(target: string): string {
  const name = target.replace(/^(module\.)?exports\.?/, "").replace(".prototype.", ".");
  return /^[\w$.]{1,80}$/.test(name) ? name : "default";
}

function memberName(member: SyntaxNode, source: string): string {
  const name = member.getChild("PropertyDefinition") ?? member.getChild("PrivatePropertyDefinition");
  const text = name === null ? "" : source.slice(name.from, name.to);
  return /^#?[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(text) ? text : "method";
}

/** The value of one name of a declaration: what stands between its `=` and the next comma. */
function initialOf(name: SyntaxNode): SyntaxNode | null {
  let at = name.nextSibling;
  while (at !== null && at.name !== "Equals" && at.name !== ",") at = at.nextSibling;
  return at?.name === "Equals" ? at.nextSibling : null;
}

function valueAfterEquals(node: SyntaxNode): SyntaxNode | null {
  return node.getChild("Equals")?.nextSibling ?? null;
}

/** Statements of a block, without comments. */
export function blockStatements(block: SyntaxNode): readonly SyntaxNode[] {
  return children(block).filter((node) => !["{", "}", "LineComment", "BlockComment"].includes(node.name));
}

/** How many of a block's first statements are directives like `'use strict'`. */
export function directiveCount(statements: readonly SyntaxNode[]): number {
  const index = statements.findIndex((node) => {
    const [only, end] = children(node);
    const isString = node.name === "ExpressionStatement" && only?.name === "String";
    return !isString || (end !== undefined && end.name !== ";");
  });
  return index === -1 ? statements.length : index;
}

/** True for `super(…);`. */
function isSuperCall(node: SyntaxNode | undefined): boolean {
  const call = node?.name === "ExpressionStatement" ? node.firstChild : null;
  return call?.name === "CallExpression" && call.firstChild?.name === "super";
}

/** Why a function is left alone, as the end of a sentence that starts with its name; undefined when it is wrapped. */
export function whyLeaveScript(fn: ScriptFunction, source: string, named: boolean): string | undefined {
  if (fn.node.getChild("Star") !== null) return "is a generator, which error handling would change";
  const statements = blockStatements(fn.block);
  const directives = directiveCount(statements);
  let working = statements.slice(directives);
  if (statements.slice(0, directives).some((node) => /use asm/.test(source.slice(node.from, node.to)))) {
    return "is asm.js";
  }
  if (working.some((node) => node.name === "TryStatement" && node.getChild("CatchClause") !== null)) {
    return "handles errors already";
  }
  if (fn.isConstructor && fn.isDerived) {
    const [first, ...rest] = working;
    if (first === undefined || !isSuperCall(first) || hasFunction(first)) return "has to call super() first";
    working = rest;
  }
  const own = working.flatMap(ownNodes);
  if (!canFail(working, own)) return "does nothing that can fail";
  if (redeclares(fn, working, own, source)) return "declares a name twice, which a block does not allow";
  if (named) return undefined;
  if (own.some((node) => node.name.startsWith("JSX") || isHook(node, source))) {
    return "is a component or hook, whose errors an error boundary handles";
  }
  return callsItself(fn, source) ? "calls itself, so one error would be logged at every level" : undefined;
}

/** Nodes that run in the function itself, not in functions or classes inside it. */
function ownNodes(statement: SyntaxNode): readonly SyntaxNode[] {
  const own: SyntaxNode[] = [];
  walk(statement, (node) => {
    own.push(node);
    const isMethod = node.name === "Property" && node.getChild("ParamList") !== null;
    return !isMethod && !FUNCTIONS.has(node.name) && !CLASSES.has(node.name);
  });
  return own;
}

function hasFunction(node: SyntaxNode): boolean {
  return ownNodes(node).some((one) => FUNCTIONS.has(one.name) || one.name === "Property");
}

function canFail(statements: readonly SyntaxNode[], own: readonly SyntaxNode[]): boolean {
  const [first, second] = statements;
  if (first === undefined || (second === undefined && first.name === "ThrowStatement")) return false;
  if (own.some((node) => RISKY.has(node.name) || isSubscript(node))) return true;
  const plain = statements.every((node) => PLAIN_STATEMENTS.has(node.name));
  return !plain && own.some((node) => node.name === "MemberExpression");
}

function isSubscript(node: SyntaxNode): boolean {
  return node.name === "MemberExpression" && node.getChild("[") !== null;
}

/**
 * True when a function declared in the body shares its name with a parameter, a variable or another
 * function: allowed at a function's top level, an error or another meaning inside a block.
 */
function redeclares(
  fn: ScriptFunction,
  statements: readonly SyntaxNode[],
  own: readonly SyntaxNode[],
  source: string,
): boolean {
  const nameOf = (node: SyntaxNode | null): string => (node === null ? "" : source.slice(node.from, node.to));
  const declared = statements
    .filter((node) => node.name === "FunctionDeclaration")
    .map((node) => nameOf(node.getChild("VariableDefinition")));
  if (declared.length === 0) return false;
  const params: string[] = [];
  const list = fn.node.getChild("ParamList");
  if (list !== null)
    walk(list, (node) => params.push(node.name === "VariableDefinition" ? nameOf(node) : "") > 0);
  const others = own.filter((node) => node.name === "VariableDefinition").map(nameOf);
  const taken = new Set([...params, ...others]);
  return new Set(declared).size < declared.length || declared.some((name) => taken.has(name));
}

function isHook(node: SyntaxNode, source: string): boolean {
  const callee = node.name === "CallExpression" ? node.firstChild : null;
  return callee?.name === "VariableName" && /^use([A-Z]|$)/.test(source.slice(callee.from, callee.to));
}

function callsItself(fn: ScriptFunction, source: string): boolean {
  const last = fn.name.slice(fn.name.lastIndexOf(".") + 1);
  let found = false;
  walk(fn.block, (node) => {
    const callee = node.name === "CallExpression" ? node.firstChild : null;
    const text = callee === null || callee.to - callee.from > 200 ? "" : source.slice(callee.from, callee.to);
    found ||= text === last || text === `this.${last}` || text === fn.name;
    return !found;
  });
  return found;
}
