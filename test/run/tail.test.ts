import { expect, test } from "vitest";
import { createTail } from "../../src/run/verify/tail.ts";

function tailOf(output: string, characters = 3_000): string {
  const tail = createTail();
  tail.push(output);
  return tail.last(characters);
}

test.each([
  ["colours", "\u001b[1;31mFAIL\u001b[0m a\u001b[K\n", "FAIL a\n"],
  ["a link", "\u001b]8;;https://x.example\u0007text\u001b]8;;\u0007 \u001b(Bok\n", "text ok\n"],
  ["a title, ended the other way", "\u001b]0;title\u001b\\text\n", "text\n"],
  ["a title that has no end", "\u001b]0;title\ntext\n", "\ntext\n"],
  ["a saved cursor and a reset", "\u001b7a\u001b8\u001bc\u001b=b\n", "ab\n"],
])("the end of output is plain text without %s", (_what, output, plain) => {
  expect(tailOf(output)).toBe(plain);
});

test.each([
  ["a line that was written over", "1%\r50%\r100%\ndone\n", "100%\ndone\n"],
  ["lines that end as on Windows", "one\r\ntwo\r\r\n\r\n", "one\ntwo\n\n"],
  [
    "a last line that will be written over",
    "FAILED: 3 tests\nprogress 99%\rprogress 100%\r",
    "FAILED: 3 tests\nprogress 100%",
  ],
  ["nothing but returns", "\r\r", ""],
])("of %s the last that was written stays", (_what, output, plain) => {
  expect(tailOf(output)).toBe(plain);
});

test("a long line is cut at its beginning, and whole lines are kept where there are some", () => {
  expect(tailOf("x".repeat(48_000), 10)).toBe("x".repeat(10));
  expect(tailOf(`${"x".repeat(48_000)}\nlast line\n`, 15)).toBe("last line\n");
});
