/** A seeded sample of the endurance run, small enough for every test run. */
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { checkPython, checkScripts, endure, pythonLibrary, sourcesBelow } from "./wrap-everything.ts";

const modules = resolve(import.meta.dirname, "../../node_modules");

/** Picks some, the same ones every time. */
function sample(paths: readonly string[], amount: number): readonly string[] {
  let state = 20_261_101;
  const next = (): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state;
  };
  return paths
    .map((path) => ({ path, order: next() }))
    .toSorted((a, b) => a.order - b.order)
    .slice(0, amount)
    .map(({ path }) => path);
}

test("files of Python's own library stay the same programs", () => {
  const result = endure(sample(sourcesBelow(pythonLibrary(), "python"), 40), checkPython);
  expect(result.broken).toEqual([]);
  expect(result.same + result.invalid).toBe(result.wrapped);
  expect(result.same).toBeGreaterThan(20);
});

test("files of installed packages stay the same programs", () => {
  const paths = ["hono", "zod", "undici", "isomorphic-git"].flatMap((name) =>
    sourcesBelow(join(modules, name), "script"),
  );
  const result = endure(sample(paths, 80), checkScripts);
  expect(result.broken).toEqual([]);
  expect(result.same + result.invalid).toBe(result.wrapped);
  expect(result.same).toBeGreaterThan(20);
});

test("a change of the program would be found", () => {
  const before = "def f(x):\n    return int(x)\n";
  const handler = '    except Exception:\n        logger.exception("f failed")\n        raise\n';
  expect(checkPython([["a.py", before, `def f(x):\n    try:\n        return int(x)\n${handler}`]])).toEqual([
    ["a.py", "same"],
  ]);
  expect(checkPython([["a.py", before, `def f(x):\n    try:\n        return int(y)\n${handler}`]])).toEqual([
    ["a.py", "broken: another program"],
  ]);
  expect(
    checkPython([["a.py", before, `def f(x):\n    try:\n        return int(x\n${handler}`]])[0]?.[1],
  ).toMatch(/^broken: /);

  const script = "function f(x) { return `a b` + x(); }";
  const wrap = (body: string): string =>
    `function f(x) { try { ${body} } catch (error) { console.error("f failed:", error); throw error; } }`;
  const verdicts = [
    wrap("return `a b` + x();"),
    wrap("return `a  b` + x();"),
    wrap("return `a b` + y();"),
    wrap("return `a b` + x(); }"),
    script,
  ].map((after): readonly [string, string, string] => ["a.js", script, after]);
  expect(checkScripts(verdicts).map(([, verdict]) => verdict)).toEqual([
    "same",
    "another template literal",
    "another program",
    "does not compile: a syntax error",
    "another program",
  ]);
});
