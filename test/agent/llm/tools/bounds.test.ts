/** Files and texts made to take forever or fill the memory: each call ends, bounded, with the right answer. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Workspace } from "../../../../src/workspace/workspace.ts";
import { type LocalForge, startForge } from "../../../support/forge/server.ts";
import { open, TOKENS } from "../../../support/open.ts";
import { answer } from "../../../support/tool-calls.ts";

/** The largest file there can be. */
const LARGEST = 8 * 1024 * 1024;
/** Nearly all that one call's arguments may be. */
const LONG = 500_000;

let forge: LocalForge;
let workspace: Workspace;

beforeAll(async () => {
  forge = await startForge({ tokens: TOKENS });
  const files = {
    "one-line.txt": "a".repeat(LARGEST),
    "line-feeds.txt": "\n".repeat(LARGEST),
    "crlf.txt": "\r\n".repeat(LARGEST / 2),
    "latin1.txt": Buffer.alloc(LARGEST, 0xe9),
  };
  ({ workspace } = await open(await forge.addRepository("octo/bounds", { files })));
});
afterAll(() => forge.close());

const edit = (path: string, old_text: string, new_text: string, replace_all = false) =>
  answer({ workspace }, "edit_file", { path, old_text, new_text, replace_all });

test("a long text that nearly occurs everywhere is found missing", async () => {
  for (const old of [`${"a".repeat(LONG)}b`, `b${"a".repeat(LONG)}`, `${"a".repeat(LONG)} b`]) {
    expect(await edit("one-line.txt", old, "x")).toBe(
      'error: old_text is not in "one-line.txt". Nothing was changed. It is too long to look for what is nearest: search for a part of the text.',
    );
    await workspace.write("shorter.txt", "a".repeat(2_000_000));
    expect(await edit("shorter.txt", old, "x")).toContain("The nearest is in lines 1 to 1;");
  }
  expect(await edit("shorter.txt", "A".repeat(LONG), "x")).toMatch(
    /^error: old_text is not in "shorter.txt"\. Nothing was changed\. Upper and lower case differ\. The nearest is in lines 1 to 1; take the text from there as it is:\n {4}1\ta{400}…$/,
  );
  expect(await edit("crlf.txt", `${"\n".repeat(LONG)}b`, "x")).toContain("It is too long");
});

test("a text that occurs millions of times is counted no further than it is replaced", async () => {
  expect(await edit("one-line.txt", "a", "b", true)).toBe(
    'error: old_text is in "one-line.txt" more than 100000 times. Take more text around it.',
  );
  expect(await edit("line-feeds.txt", "\n\n", "\n")).toBe(
    'error: old_text is in "line-feeds.txt" more than 100000 times. Take more text around it.',
  );
});

test("replacing cannot make a file larger than files may be", async () => {
  await workspace.write("grow.txt", "ab".repeat(90_000));
  expect(await edit("grow.txt", "a", "x".repeat(LONG), true)).toBe(
    'error: "grow.txt" would get longer than 16777216 characters. Nothing was changed.',
  );
  expect(await edit("grow.txt", "a", "x".repeat(100), true)).toBe(
    'error: "grow.txt" would have 9090000 bytes; the limit for one file is 8388608.',
  );
  expect(await edit("grow.txt", "a", "xyz", true)).toContain("ok: Replaced 90000 occurrences");
  expect(await workspace.readText("grow.txt")).toBe("xyzb".repeat(90_000));
});

test("the largest files are read and edited at either end", async () => {
  expect(await answer({ workspace }, "read_file", { path: "line-feeds.txt", start_line: LARGEST - 1 })).toBe(
    `ok: "line-feeds.txt": lines ${LARGEST - 1} to ${LARGEST} of ${LARGEST}.\n${LARGEST - 1}\t\n${LARGEST}\t`,
  );
  const read = await answer({ workspace }, "read_file", { path: "line-feeds.txt" });
  expect(read.length).toBeLessThan(30_300);
  expect(read).toMatch(
    /^ok: "line-feeds.txt": lines 1 to 4285 of 8388608\. Read on with start_line 4286\.\n/,
  );
  await workspace.write("end.txt", `${"line\n".repeat(1_000_000)}end\n`);
  expect(await edit("end.txt", "end", "the end")).toBe(
    'ok: Replaced 1 occurrence in "end.txt".\nLines 999998 to 1000001 now:\n999998\tline\n999999\tline\n1000000\tline\n1000001\tthe end',
  );
});

test("a large file that is not UTF-8 is read, and edits are written back as it is", async () => {
  const read = await answer({ workspace }, "read_file", { path: "latin1.txt" });
  expect(read).toMatch(
    /^ok: "latin1.txt": 1 line\. Line 1 has 8,388,608 characters; the first 25,000 are shown\. /,
  );
  const bytes = Buffer.alloc(1_000_000, 0xe9).fill(0x93, 600_000, 600_001);
  await workspace.write("quote.txt", bytes);
  expect(await edit("quote.txt", "“", "€")).toContain("ok: ");
  expect(Buffer.from(await workspace.read("quote.txt"))).toEqual(bytes.fill(0x80, 600_000, 600_001));
});

test("many lines that are alike do not make the nearest hard to find", async () => {
  await workspace.write("alike.txt", "    return value;\n".repeat(50_000));
  expect(await edit("alike.txt", `${"return value;\n".repeat(20_000)}end`, "x")).toMatch(
    /^error: .* The nearest is in lines 1 to \d+; take the text from there as it is:\n/,
  );
  await workspace.write("wide.txt", `${"x y ".repeat(200_000)}\n`);
  expect(await edit("wide.txt", "y z ".repeat(100_000), "x")).toContain("error: ");
});
