/** Parses JavaScript and TypeScript, standing in for valid syntax the grammar lacks, so that fewer files have to be skipped. */
import type { Tree } from "@lezer/common";
import { parser } from "@lezer/javascript";
import { hasErrors } from "./syntax.ts";

/** Which syntax a file may hold; JavaScript files may always hold JSX. */
export type ScriptDialect = "js" | "ts" | "tsx";

const PARSERS = {
  js: parser.configure({ dialect: "jsx" }),
  ts: parser.configure({ dialect: "ts" }),
  tsx: parser.configure({ dialect: "ts jsx" }),
} as const;

/** The syntax tree, or undefined when the source is not understood. Offsets are those of the source. */
export function parseScript(source: string, dialect: ScriptDialect): Tree | undefined {
  const readable = dialect === "js" ? source : maskAsyncGenerics(source);
  const tree = PARSERS[dialect].parse(readable);
  if (!hasErrors(tree)) return tree;
  const masked = PARSERS[dialect].parse(dialect === "js" ? mask(readable) : maskTypes(mask(readable)));
  return hasErrors(masked) ? undefined : masked;
}

/** `async <T>(x: T) => …`, which the grammar takes for two comparisons. */
function maskAsyncGenerics(source: string): string {
  return source.replace(
    /(\basync[ \t]*)(<[^<>()]{0,200}>)(?=[ \t]*\()/g,
    (_, before: string, types: string) => before + blank(types),
  );
}

/**
 * Replaces what the grammar cannot read by something of the same length that it can: defaults of
 * destructured parameters, import attributes, anonymous derived classes, long CommonJS
 * export lists. It may hit strings and comments as well, where it does not matter.
 */
function mask(source: string): string {
  return source
    .replace(/\}[ \t]*=[ \t]*\{\}(?=[ \t]*[,)])/g, (text) => `}${blank(text.slice(1))}`)
    .replace(
      /(["'])[ \t]+(?:with|assert)[ \t]*\{[^{}\n]*\}/g,
      (text, quote) => `${quote}${blank(text.slice(1))}`,
    )
    .replace(/\bexport default(?= class[ \t]+extends\b)/g, "export const x=")
    .replace(/\bmodule\.exports[ \t]*=(?=[ \t]*\{)/g, (text) => text.replace("=", "+"))
    .replace(/\b0X(?=[\dA-Fa-f])/g, "0x");
}

/** The same for types: type predicates of arrow functions, `let x!: T`, `[T?]`, `export { type T }`, `catch (e: any)`. */
function maskTypes(source: string): string {
  return source
    .replace(
      /(\)[ \t]*(?::|=>)[ \t]*)(\w+[ \t]+is[ \t]+)/g,
      (_, before: string, text: string) => before + blank(text),
    )
    .replace(/(\b(?:let|var)[ \t]+\w+)!(?=[ \t]*:)/g, "$1 ")
    .replace(
      /(\bcatch[ \t]*\([ \t]*\w+)([ \t]*:[ \t]*(?:any|unknown))(?=[ \t]*\))/g,
      (_, a: string, b: string) => a + blank(b),
    )
    .replace(/\bexport[ \t]*\{[^{}]*\}/g, (list) => list.replace(/\btype[ \t]+(?=[\w$])/g, blank))
    .replace(/\?(?=[ \t]*[,\]])/g, " ")
    .replace(
      /(\bdeclare[ \t]+module[ \t]+)(["'][^"'\n]*["'])/g,
      (_, a: string, b: string) => a + b.replace(/\W/g, "_"),
    );
}

function blank(text: string): string {
  return text.replace(/[^\n\r]/g, " ");
}
