/** Reads Python functions out of a syntax tree and judges which of them error handling is for. */
import type { SyntaxNode } from "@lezer/common";
import { children, walk } from "./syntax.ts";

export interface PythonFunction {
  /** With its classes in front: `Config.load`. */
  readonly name: string;
  readonly node: SyntaxNode;
  readonly body: SyntaxNode;
  /** The decorators' text, without `@`. */
  readonly decorators: readonly string[];
}

const SCOPES = new Set(["FunctionDefinition", "LambdaExpression", "ClassDefinition"]);
/** Operations that can raise whatever stands around them. */
const RISKY = new Set([
  "CallExpression",
  "AwaitExpression",
  "RaiseStatement",
  "AssertStatement",
  "ImportStatement",
  "DeleteStatement",
  "WithStatement",
  "ForStatement",
  "ArrayComprehensionExpression",
  "SetComprehensionExpression",
  "DictionaryComprehensionExpression",
  "ComprehensionExpression",
  "UpdateStatement",
  "MatchStatement",
]);
const PLAIN_STATEMENTS = new Set([
  "PassStatement",
  "ReturnStatement",
  "AssignStatement",
  "ExpressionStatement",
  "ScopeStatement",
]);
const BLOCKS = new Set(["ForStatement", "WhileStatement", "WithStatement", "TryStatement"]);
/** CPython refuses more than 20 nested blocks in one function. */
const MAX_BLOCKS = 18;
/** Exceptions of these are how Python asks a question, not failures. */
const PROTOCOL =
  /^__(?!init__$|call__$|main__$|enter__$|aenter__$|exit__$|aexit__$|new__$|post_init__$)\w+__$/;
/** Decorators that compile the body, or that turn AttributeError into an answer. */
const SPECIAL_DECORATOR =
  /^(property|cached_property|functools\.cached_property|abc\.abstractproperty|[\w.]+\.(setter|getter|deleter)|(\w+\.)*(n?jit|vectorize|guvectorize|stencil|script|script_method|tf\.function|overload))\b/;

/** Top-level functions and methods, in source order. Functions in functions are part of the outer one. */
export function pythonFunctions(top: SyntaxNode, source: string): readonly PythonFunction[] {
  const found: PythonFunction[] = [];
  const visit = (node: SyntaxNode, prefix: string, decorators: readonly string[]): void => {
    const name = `${prefix}${nameOf(node, source)}`;
    const body = node.getChild("Body");
    if (node.name === "DecoratedStatement") {
      const texts = node.getChildren("Decorator").map((one) => source.slice(one.from + 1, one.to).trim());
      for (const child of children(node)) visit(child, prefix, texts);
    } else if (node.name === "ClassDefinition" && body !== null) {
      for (const child of children(body)) visit(child, `${name}.`, []);
    } else if (node.name === "FunctionDefinition" && body !== null) {
      found.push({ name, node, body, decorators });
    }
  };
  for (const child of children(top)) visit(child, "", []);
  return found;
}

function nameOf(node: SyntaxNode, source: string): string {
  const name = node.getChild("VariableName");
  return name === null ? "" : source.slice(name.from, name.to);
}

/** The statements of a body, those joined by semicolons one by one. */
export function statementsOf(body: SyntaxNode): readonly SyntaxNode[] {
  return children(body).flatMap((node) => {
    if (node.name === "StatementGroup") return children(node).filter((child) => child.name !== ";");
    return node.name === ":" || node.name === "Comment" ? [] : [node];
  });
}

/** True for a statement that is only a string: a docstring when it comes first. */
export function isDocstring(node: SyntaxNode | undefined): boolean {
  const only = node?.name === "ExpressionStatement" ? node.firstChild : null;
  return (
    only !== null && only.nextSibling === null && (only.name === "String" || only.name === "ContinuedString")
  );
}

/** Why a function is left alone, as the end of a sentence that starts with its name; undefined when it is wrapped. */
export function whyLeavePython(fn: PythonFunction, source: string, named: boolean): string | undefined {
  const own = ownNodes(fn.body);
  if (own.some((node) => isYield(node, source))) return "is a generator, which error handling would change";
  const statements = statementsOf(fn.body);
  const working = isDocstring(statements[0]) ? statements.slice(1) : statements;
  if (working.some((node) => node.name === "TryStatement" && hasHandler(node)))
    return "handles errors already";
  if (!canFail(working, own)) return "does nothing that can fail";
  if (depth(fn.body) > MAX_BLOCKS) return "is nested too deeply";
  if (named) return undefined;
  const last = fn.name.slice(fn.name.lastIndexOf(".") + 1);
  if (PROTOCOL.test(last)) return "is called by Python itself";
  if (fn.decorators.some((text) => SPECIAL_DECORATOR.test(text)))
    return "has a decorator that needs it as it is";
  if (callsItself(fn, source, last)) return "calls itself, so one error would be logged at every level";
  return undefined;
}

/** Nodes that run in the function itself, not in functions or classes inside it. */
function ownNodes(body: SyntaxNode): readonly SyntaxNode[] {
  const own: SyntaxNode[] = [];
  walk(body, (node) => {
    own.push(node);
    return !SCOPES.has(node.name);
  });
  return own;
}

/** The keyword, or a bare `yield` that had to be parsed as a name. */
function isYield(node: SyntaxNode, source: string): boolean {
  if (node.name === "yield") return true;
  return node.name === "VariableName" && node.to - node.from === 5 && source.startsWith("yield", node.from);
}

function hasHandler(node: SyntaxNode): boolean {
  return node.getChild("except") !== null;
}

function canFail(statements: readonly SyntaxNode[], own: readonly SyntaxNode[]): boolean {
  const [first, second] = statements;
  if (first === undefined || (second === undefined && first.name === "RaiseStatement")) return false;
  if (own.some((node) => RISKY.has(node.name) || isSubscript(node) || isArithmetic(node))) return true;
  const plain = statements.every((node) => PLAIN_STATEMENTS.has(node.name));
  return !plain && own.some((node) => node.name === "MemberExpression");
}

function isSubscript(node: SyntaxNode): boolean {
  return node.name === "MemberExpression" && node.getChild("[") !== null;
}

function isArithmetic(node: SyntaxNode): boolean {
  return node.name === "BinaryExpression" && (node.getChild("ArithOp") ?? node.getChild("BitOp")) !== null;
}

function depth(node: SyntaxNode): number {
  let deepest = 0;
  const descend = (at: SyntaxNode, level: number): void => {
    if (SCOPES.has(at.name)) return;
    const here = BLOCKS.has(at.name) ? level + 1 : level;
    deepest = Math.max(deepest, here);
    for (const child of children(at)) if (child.firstChild !== null) descend(child, here);
  };
  descend(node, 0);
  return deepest;
}

function callsItself(fn: PythonFunction, source: string, name: string): boolean {
  let found = false;
  walk(fn.body, (node) => {
    const callee = node.name === "CallExpression" ? node.firstChild : null;
    const text = callee === null || callee.to - callee.from > 200 ? "" : source.slice(callee.from, callee.to);
    found ||= text === name || text === `self.${name}` || text === `cls.${name}` || text === fn.name;
    return !found;
  });
  return found;
}
