/** Globs select what picomatch selects, in time that no glob and no name can blow up. */
import picomatch from "picomatch";
import { expect, test } from "vitest";
import { createScope } from "../../src/workspace/glob.ts";
import { createRandom } from "../support/random.ts";

const PIECES = [
  ..."**??ab./-_",
  "**/",
  "/**",
  "/**/",
  "*.",
  ".ts",
  "{a,b}",
  "{a*,b/c}",
  "[ab]",
  "[!a]",
  "[a-c]",
  "@(a|b)",
  "\\*",
  "é",
];
const NAMES = ["a", "b", "ab", ".a", "a.ts", "b.ts", ".ts", "a-b", "é", "*", "[ab]", "a b", "..a", "c"];

test("globs select what picomatch selects, over random globs and paths", () => {
  const random = createRandom(20261101);
  const some = (items: readonly string[], most: number): string[] =>
    Array.from({ length: 1 + random.int(most) }, () => random.pick(items));
  let selected = 0;
  for (let round = 0; round < 4_000; round++) {
    const glob = `${random.int(2) === 0 ? "" : `${random.pick(NAMES)}/`}${some(PIECES, 6).join("")}`;
    const pattern = glob.includes("/") ? glob.replace(/^\.?\//, "") : `**/${glob}`;
    // Where all that follows "/**/" may be empty, picomatch lets "a/**/x" match "a".
    if (pattern === "" || /\/\/|\*{3}|\)\?/.test(pattern)) continue;
    const expected = picomatch(pattern, { dot: true, nonegate: true });
    const matches = createScope({ glob });
    for (const path of Array.from({ length: 20 }, () => some(NAMES, 4).join("/"))) {
      if (matches(path)) selected++;
      expect([glob, path, matches(path)]).toEqual([glob, path, expected(path)]);
    }
  }
  expect(selected).toBeGreaterThan(1_000);
});

test("a glob that takes a backtracking engine forever is answered", () => {
  const matches = createScope({ glob: `${"*a".repeat(12)}*b` });
  expect(matches("a".repeat(255))).toBe(false);
  expect(matches(`${"a".repeat(250)}b`)).toBe(true);
});

test.each(["", "/", "./", "x".repeat(1001), "!(a)*"])("the glob %j is refused by name", (glob) => {
  expect(() => createScope({ glob })).toThrow(expect.objectContaining({ code: "invalid_pattern" }));
});
