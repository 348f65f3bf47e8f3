/** Globs match what picomatch says they do, and take no longer for being hostile. */
import picomatch from "picomatch";
import { describe, expect, test } from "vitest";
import { compileGlob } from "../../src/workspace/compile-glob.ts";
import { createRandom } from "../support/random.ts";

const PIECES = ["a", "b", ".", "-", "*", "**", "?", "[ab]", "[!a]", "{a,b}", "/", "/", "\\*", "1", "@(a|b)"];
const NAMES = ["a", "b", "ab", "ba", ".a", "a.b", "-", "1", "*", "aab"];

describe("a glob", () => {
  test("matches what picomatch matches, for 20,000 generated globs and paths", () => {
    const random = createRandom(7);
    const some = (items: readonly string[], most: number): string[] =>
      Array.from({ length: 1 + random.int(most) }, () => random.pick(items));
    const differences: string[] = [];
    let matched = 0;
    for (let i = 0; i < 20_000; i++) {
      const glob = some(PIECES, 6).join("");
      const path = some(NAMES, 4).join("/");
      const expected = picomatch(glob, { dot: true, nonegate: true })(path);
      if (compileGlob(glob)(path) !== expected) differences.push(`${glob} on ${path}`);
      if (expected) matched++;
    }
    expect(differences).toEqual([]);
    expect(matched).toBeGreaterThan(500);
  });

  test.each([
    ["**/*.txt", "a\nb/c\r\u2028.txt", true],
    ["**/*.txt", "\udce9/\udce9.txt", true],
    ["?.txt", "🚀.txt", true],
    ["a[1].txt", "a[1].txt", true],
    ["a[1].txt", "a1.txt", true],
    ["{a", "{a", true],
    ["!a", "b", false],
  ])("%j on the name %j answers %s", (glob, path, expected) => {
    expect(compileGlob(glob)(path)).toBe(expected);
  });

  test.each([`${"*a".repeat(40)}b`, `${"**/a/".repeat(30)}b`, `+(a|aa)${"+(a|aa)".repeat(20)}b`])(
    "attack 17: %s on a name made for it comes to an end",
    (glob) => {
      expect(compileGlob(glob)("a".repeat(4000))).toBe(false);
      expect(compileGlob(glob)("a/".repeat(2000))).toBe(false);
    },
  );

  test.each(["", "a".repeat(1004), "!(a)", "a!(b)c"])("%j is refused as a pattern", (glob) => {
    expect(() => compileGlob(glob)).toThrow(expect.objectContaining({ code: "invalid_pattern" }));
  });
});
