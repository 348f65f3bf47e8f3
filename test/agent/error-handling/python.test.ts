/** Adds error handling to whole Python programs and runs them before and after. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { wrapPython } from "../../../src/agent/rules/error-handling/python.ts";
import type { Program } from "./program.ts";
import { PYTHON_LAYOUT } from "./python-layout-corpus.ts";
import { PYTHON_LOGGER } from "./python-logger-corpus.ts";
import { PYTHON_MEANING } from "./python-meaning-corpus.ts";

/** The interpreter itself: version managers put a slow script in front of it. */
const python = spawnSync("python3", ["-c", "import sys; print(sys.executable)"], {
  encoding: "utf8",
}).stdout.trim();
const folder = mkdtempSync(join(tmpdir(), "rules-python-"));
afterAll(() => rmSync(folder, { recursive: true }));

interface Ending {
  readonly stdout: string;
  readonly status: number | null;
  /** The line that names the exception a program died of. */
  readonly error: string;
}

function run(source: string): Ending & { readonly stderr: string } {
  const path = join(folder, "program.py");
  writeFileSync(path, source);
  const { stdout, stderr, status } = spawnSync(python, ["-B", "-S", "-E", path], { encoding: "utf8" });
  const error = status === 1 ? (stderr.trimEnd().split("\n").at(-1) ?? "") : "";
  return { stdout, status, error, stderr };
}

function transformed(source: string, names?: ReadonlySet<string>): string {
  const result = wrapPython(source, names);
  return result.kind === "wrapped" ? result.source : source;
}

function check({ source, wrapped }: Program): void {
  const result = wrapPython(source, undefined);
  expect(result.kind === "wrapped" ? result.functions : [result.kind]).toEqual(
    wrapped.length > 0 ? wrapped : ["nothing"],
  );
  const { stderr: before, ...expected } = run(source);
  const { stderr: after, ...actual } = run(transformed(source));
  expect(before).not.toContain("SyntaxError");
  expect(actual, after).toEqual(expected);
  expect(wrapPython(transformed(source), undefined)).toMatchObject({ kind: "nothing" });
}

describe("a Python file's layout", () => {
  test.each(PYTHON_LAYOUT)("$name", check);
});

describe("a Python program's meaning", () => {
  test.each(PYTHON_MEANING)("$name", check);
});

describe("a Python program's logger", () => {
  test.each(PYTHON_LOGGER)("$name", check);
});

describe("the added lines", () => {
  test("log the error with the function's name and raise it again", () => {
    const source = "class A:\n    def load(self, x):\n        return int(x)\n\n\nA().load('x')\n";
    expect(transformed(source)).toBe(
      [
        "import logging",
        "",
        "",
        "class A:",
        "    def load(self, x):",
        "        try:",
        "            return int(x)",
        "        except Exception:",
        '            logging.getLogger(__name__).exception("A.load failed")',
        "            raise",
        "",
        "",
        "A().load('x')",
        "",
      ].join("\n"),
    );
    const { stderr } = run(transformed(source));
    expect(stderr).toContain("A.load failed\nTraceback");
    expect(stderr.trimEnd().split("\n").at(-1)).toBe(
      "ValueError: invalid literal for int() with base 10: 'x'",
    );
  });

  test("keep every line break of a CRLF file", () => {
    const result = transformed("def f(x):\r\n    return int(x)\r\n");
    expect(result.replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
    expect(result).toContain("\r\n        raise\r\n");
  });

  test("go only into the functions asked for, by name or with the class", () => {
    const source =
      "class A:\n    def load(self):\n        return int('1')\nclass B:\n    def load(self):\n        return int('2')\ndef main():\n    return int('3')\n";
    const named = (name: string) => wrapPython(source, new Set([name]));
    expect(named("load")).toMatchObject({ functions: ["A.load", "B.load"] });
    expect(named("B.load")).toMatchObject({ functions: ["B.load"] });
    expect(named("main")).toMatchObject({ functions: ["main"] });
    expect(named("other")).toEqual({ kind: "nothing", left: [] });
  });

  test("go into a recursive function when it is asked for by name", () => {
    const source = "def f(n):\n    return f(n - 1) if n else 0\n";
    expect(wrapPython(source, undefined)).toMatchObject({ kind: "nothing" });
    expect(wrapPython(source, new Set(["f"]))).toMatchObject({ kind: "wrapped", functions: ["f"] });
  });

  test.each([
    "class Exception:\n    pass\ndef f(x):\n    return int(x)\n",
    "from errors import Exception\ndef f(x):\n    return int(x)\n",
    "Exception = None\ndef f(x):\n    return int(x)\n",
  ])("are not added where Exception is another thing: %j", (source) => {
    expect(wrapPython(source, undefined)).toMatchObject({ kind: "skipped" });
  });

  test("are added where Exception is only used", () => {
    const source =
      "class E(Exception):\n    pass\ndef f(x):\n    raise_if = x or Exception('a')\n    return int(raise_if)\n";
    expect(wrapPython(source, undefined)).toMatchObject({ functions: ["f"] });
  });

  test("never go into a generator, and the reason is told", () => {
    expect(wrapPython("def f():\n    yield int('1')\n", new Set(["f"]))).toEqual({
      kind: "nothing",
      left: [{ name: "f", reason: "is a generator, which error handling would change" }],
    });
  });

  test.each([
    ["def f(:\n    return int(x)\n"],
    ["def f(x):\nreturn int(x)\n"],
    ["def f(x):\n    return int(x\n"],
  ])("are not added to a file that does not parse: %j", (source) => {
    expect(wrapPython(source, undefined)).toEqual({
      kind: "skipped",
      reason: "its syntax is not understood",
    });
  });
});
