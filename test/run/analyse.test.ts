/** Languages by file name, also for names that trip objects. */
import { expect, test } from "vitest";
import { analyse } from "../../src/run/analyse.ts";

const of = (...names: string[]) => analyse((visit) => names.forEach(visit));

test("languages are counted by extension, most first, at most five", () => {
  expect(of("a.py", "b.PY", "c.ts", "d.tsx", "e.ts", "f.go", "g.rs", "h.rb", "i.lua", "LICENSE")).toEqual({
    files: 10,
    languages: ["TypeScript", "Python", "Go", "Rust", "Ruby"],
  });
});

test("names that every object has are no languages", () => {
  expect(
    of("constructor", "a.constructor", "__proto__", "x.__proto__", "toString", ".hasOwnProperty"),
  ).toEqual({
    files: 6,
    languages: [],
  });
});
