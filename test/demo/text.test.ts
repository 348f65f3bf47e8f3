/** Text from elsewhere: harmless, counted in columns, cut and wrapped by them. */
import { describe, expect, it } from "vitest";
import { columnsOf, cut, wrap } from "./columns.ts";
import { diffLines } from "./diff-lines.ts";
import { duration } from "./durations.ts";
import { paint } from "./line.ts";
import { printable, printableLine } from "./printable.ts";

describe("text from elsewhere", () => {
  it.each([
    ["\x1b[31mred\x1b[0m", "␛[31mred␛[0m"],
    ["\x1b]0;title\x07", "␛]0;title␇"],
    ["over\rwritten\b", "over␍written␈"],
    ["\x9b2J \x7f \0", "<U+009B>2J ␡ ␀"],
    ["a\u202eb\u2066c\u2028d", "a<U+202E>b<U+2066>c<U+2028>d"],
    ["half \ud800 pair", "half \ufffd pair"],
    ["tab\tand\nline, ünï 漢字 👍🏽", "tab\tand\nline, ünï 漢字 👍🏽"],
  ])("shows what would steer a terminal: %j", (text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it("has one line when one line is wanted", () => {
    expect(printableLine("  two\r\nlines\tand\x1b[2Jmore ")).toBe("two lines and␛[2Jmore");
  });

  it.each([
    ["plain", 5],
    ["漢字", 4],
    ["👍🏽!", 3],
    ["👩‍👩‍👧", 2],
    ["e\u0301", 1],
    ["│✔⠋…", 4],
    ["\u200b", 0],
  ])("takes the columns a terminal gives it: %s", (text, columns) => {
    expect(columnsOf(text)).toBe(columns);
  });

  it("is cut between characters, never inside one", () => {
    expect([cut("short", 5), cut("longer", 5), cut("漢字漢字", 6), cut("a", 0), cut("👍🏽👍🏽", 3)]).toEqual([
      "short",
      "long…",
      "漢字…",
      "",
      "👍🏽…",
    ]);
  });

  it("is wrapped at spaces, and inside words that are too long", () => {
    expect(wrap("some words and averylongword end", 9)).toEqual([
      "some",
      "words and",
      "averylong",
      "word end",
    ]);
    expect(wrap("", 9)).toEqual([""]);
    expect(wrap("漢字漢字漢", 4)).toEqual(["漢字", "漢字", "漢"]);
  });
});

describe("a diff", () => {
  it("is coloured as git does it, and only inside hunks by first character", () => {
    const diff = `diff --git a/a.md b/a.md
--- a/a.md
+++ b/a.md
@@ -1,2 +1,2 @@
 same
--- a list
+\x1b[31mitem
\\ No newline at end of file
`;
    expect(diffLines(diff).map((line) => paint(line, true))).toEqual([
      "\x1b[1mdiff --git a/a.md b/a.md\x1b[0m",
      "\x1b[1m--- a/a.md\x1b[0m",
      "\x1b[1m+++ b/a.md\x1b[0m",
      "\x1b[36m@@ -1,2 +1,2 @@\x1b[0m",
      " same",
      "\x1b[31m--- a list\x1b[0m",
      "\x1b[32m+␛[31mitem\x1b[0m",
      "\x1b[2m\\ No newline at end of file\x1b[0m",
    ]);
  });
});

describe("a duration", () => {
  it.each([
    [0, ""],
    [0.4, ""],
    [42, "42 ms"],
    [999.6, "1.0 s"],
    [1250, "1.3 s"],
    [59_990, "60.0 s"],
    [125_000, "2 min 5 s"],
  ])("of %d milliseconds reads %j", (milliseconds, text) => {
    expect(duration(milliseconds)).toBe(text);
  });
});
