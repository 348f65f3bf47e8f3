/** The manner a script is written in, so that added lines look like the rest. */
import type { SyntaxNode } from "@lezer/common";
import { indentAt, lineBreak, lineStart, walk } from "./syntax.ts";

export interface ScriptStyle {
  readonly eol: string;
  /** `;`, or nothing in files that use none. */
  readonly end: string;
  readonly quote: '"' | "'";
  readonly unit: string;
  /** `console`, or a way to it that no name in the file shadows. */
  readonly logger: string;
  /** A name for the caught error that this source does not mention. */
  caught(source: string): string;
}

/** Reads the style off the first things that show it; the defaults are the most common ones. */
export function readScriptStyle(top: SyntaxNode, source: string): ScriptStyle {
  let doubles = 0;
  let singles = 0;
  let semicolons = 0;
  let unit: string | undefined;
  let shadowed = false;
  walk(top, (node) => {
    if (node.name === "String" && source.charAt(node.from) === '"') doubles += 1;
    else if (node.name === "String") singles += 1;
    else if (node.name === ";" && node.parent?.name !== "ForSpec") semicolons += 1;
    else if (node.name === "VariableDefinition") shadowed ||= source.slice(node.from, node.to) === "console";
    else if (node.name === "Block" || node.name === "ClassBody") unit ??= unitOf(node, source);
    return true;
  });
  const statements =
    top.getChildren("ExpressionStatement").length + top.getChildren("VariableDeclaration").length;
  return {
    eol: lineBreak(source),
    end: semicolons === 0 && (statements > 0 || top.getChild("ImportDeclaration") !== null) ? "" : ";",
    quote: singles > doubles ? "'" : '"',
    unit: unit ?? "  ",
    logger: shadowed ? "globalThis.console" : "console",
    caught,
  };
}

function unitOf(block: SyntaxNode, source: string): string | undefined {
  const first = block.firstChild?.nextSibling;
  if (first === null || first === undefined) return undefined;
  const start = lineStart(source, first.from);
  if (start <= block.from) return undefined;
  const outer = indentAt(source, lineStart(source, block.from));
  const inner = indentAt(source, start);
  return inner.startsWith(outer) && inner.length > outer.length ? inner.slice(outer.length) : undefined;
}

function caught(source: string): string {
  for (const name of ["error", "err", "caught"]) if (!source.includes(name)) return name;
  for (let number = 1; ; number += 1) if (!source.includes(`error${number}`)) return `error${number}`;
}
