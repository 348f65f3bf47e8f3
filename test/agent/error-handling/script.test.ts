/** Adds error handling to whole JavaScript and TypeScript programs, and runs and type-checks them before and after. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { wrapScript } from "../../../src/agent/rules/error-handling/script.ts";
import type { ScriptDialect } from "../../../src/agent/rules/error-handling/script-parse.ts";
import type { Program } from "./program.ts";
import { SCRIPT_LAYOUT } from "./script-layout-corpus.ts";
import { SCRIPT_MEANING } from "./script-meaning-corpus.ts";
import { TYPESCRIPT } from "./typescript-corpus.ts";

const modules = resolve(import.meta.dirname, "../../../node_modules");
const folder = mkdtempSync(join(tmpdir(), "rules-script-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Makes the error a program dies of part of its output. */
const WATCH =
  'data:text/javascript,process.on("uncaughtException",(e)=>{process.stdout.write(["died of",e?.name,e?.message,String(e)].join(" "));process.exit(3)})';

function run(file: string, source: string): { stdout: string; status: number | null; stderr: string } {
  const path = join(folder, file);
  writeFileSync(path, source);
  const node = join(modules, ".bin/node");
  const flags = ["--no-warnings", "--experimental-transform-types", "--import", WATCH];
  const { stdout, stderr, status } = spawnSync(node, [...flags, path], { encoding: "utf8" });
  return { stdout, stderr, status };
}

function transformed(source: string, dialect: ScriptDialect): string {
  const result = wrapScript(source, dialect, undefined);
  return result.kind === "wrapped" ? result.source : source;
}

function checkAs(dialect: ScriptDialect, ending: string) {
  return ({ source, wrapped, file = `program.${ending}` }: Program): void => {
    const result = wrapScript(source, dialect, undefined);
    expect(result.kind === "wrapped" ? result.functions : [result.kind]).toEqual(
      wrapped.length > 0 ? wrapped : ["nothing"],
    );
    const { stderr: before, ...expected } = run(file, source);
    const { stderr: after, ...actual } = run(file, transformed(source, dialect));
    expect(before + expected.stdout).not.toContain("SyntaxError");
    expect(expected.stdout, before).not.toBe("");
    expect(actual, after).toEqual(expected);
    expect(wrapScript(transformed(source, dialect), dialect, undefined)).toMatchObject({ kind: "nothing" });
  };
}

describe("a script's layout", () => {
  test.each(SCRIPT_LAYOUT)("$name", checkAs("js", "mjs"));
});

describe("a script's meaning", () => {
  test.each(SCRIPT_MEANING)("$name", checkAs("js", "mjs"));
});

describe("TypeScript", () => {
  test.each(TYPESCRIPT)("$name", checkAs("ts", "mts"));

  test("type-checks under the strictest options after the change as before", () => {
    const project = join(folder, "project");
    mkdirSync(project);
    const compilerOptions = {
      target: "ES2024",
      module: "ESNext",
      moduleResolution: "bundler",
      strict: true,
      noImplicitReturns: true,
      noFallthroughCasesInSwitch: true,
      noUncheckedIndexedAccess: true,
      allowUnreachableCode: false,
      noEmit: true,
      skipLibCheck: true,
      types: ["node"],
      typeRoots: [join(modules, "@types")],
    };
    writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.mts"] }));
    for (const [index, { source }] of TYPESCRIPT.entries()) {
      writeFileSync(join(project, `before${index}.mts`), `${source}export {};\n`);
      writeFileSync(join(project, `after${index}.mts`), `${transformed(source, "ts")}export {};\n`);
    }
    const { stdout } = spawnSync(join(modules, ".bin/tsc"), ["-p", project, "--pretty", "false"], {
      encoding: "utf8",
    });
    expect(stdout).toBe("");
  });
});

describe("the added lines", () => {
  test("log the error with the function's name and throw it again", () => {
    const source = "class A {\n  load(x) {\n    return x.y;\n  }\n\n  save(x) {\n    return x.y();\n  }\n}\n";
    expect(transformed(source, "js")).toBe(
      [
        "class A {",
        "  load(x) {",
        "    return x.y;",
        "  }",
        "",
        "  save(x) {",
        "    try {",
        "      return x.y();",
        "    } catch (error) {",
        '      console.error("A.save failed:", error);',
        "      throw error;",
        "    }",
        "  }",
        "}",
        "",
      ].join("\n"),
    );
    const { stderr } = run("log.mjs", `${transformed(source, "js")}new A().save({});\n`);
    expect(stderr).toContain("A.save failed: TypeError: x.y is not a function");
  });

  test("follow the file's quotes, semicolons and line breaks", () => {
    const result = transformed("import a from 'a'\r\nconst f = () => {\r\n\ta('b')\r\n}\r\n", "js");
    expect(result).toBe(
      "import a from 'a'\r\nconst f = () => {\r\n\ttry {\r\n\t\ta('b')\r\n\t} catch (error) {\r\n\t\tconsole.error('f failed:', error)\r\n\t\tthrow error\r\n\t}\r\n}\r\n",
    );
  });

  test("stay out of components and hooks unless they are asked for", () => {
    const source =
      'export function App() {\n  return <p title="a\n  b">{load()}</p>;\n}\nfunction useThing() {\n  return useState(load());\n}\n';
    expect(wrapScript(source, "js", undefined)).toMatchObject({ kind: "nothing" });
    expect(wrapScript(source, "tsx", new Set(["App"]))).toMatchObject({
      kind: "wrapped",
      functions: ["App"],
    });
    const result = wrapScript(source, "js", new Set(["App"]));
    expect(result.kind === "wrapped" && result.source).toContain('return <p title="a\n  b">');
  });

  test.each([["function f( { return x(); }"], ["const x = ;"], ["class A { m() { x( } }"]])(
    "are not added to a file that does not parse: %s",
    (source) => {
      expect(wrapScript(source, "ts", undefined)).toEqual({
        kind: "skipped",
        reason: "its syntax is not understood",
      });
    },
  );

  test.each([
    ["const f = ({ a, b = 1 } = {}) => { return run(a, b); };", "js"],
    ["import x from './x.json' with { type: 'json' };\nfunction f() { return x.a(); }", "js"],
    ["export default class extends Base { f() { return run(); } }", "js"],
    ["module.exports = { a, b, c, d, e, f: g.h, i: j.k() };\nfunction f() { return run(); }", "js"],
    ["const f = async <T,>(x: T): Promise<T> => { return await run(x); };", "ts"],
    ["export const f = (x: unknown): x is string => { return run(x); };", "ts"],
    [
      "function f() { try { a(); } finally { b(); } try { c(); } finally { d(); } let x!: number; return x; }",
      "ts",
    ],
    ["export { type A, b };\ntype T = [string, number?];\nfunction f() { return run(); }", "ts"],
    ["declare module 'a/b' { interface X { y: 1 } }\nfunction f() { return run(); }", "ts"],
  ] as const)("reach syntax that the grammar lacks: %s", (source, dialect) => {
    expect(wrapScript(source, dialect, undefined)).toMatchObject({ kind: "wrapped" });
  });
});
