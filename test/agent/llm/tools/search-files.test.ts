/** What a model sees of a search: matching lines by file, bounded, and what was not searched. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Workspace } from "../../../../src/workspace/workspace.ts";
import { type LocalForge, startForge } from "../../../support/forge/server.ts";
import { open, TOKENS } from "../../../support/open.ts";
import { answer, call } from "../../../support/tool-calls.ts";

let forge: LocalForge;
let workspace: Workspace;

beforeAll(async () => {
  forge = await startForge({ tokens: TOKENS });
  const repository = await forge.addRepository("octo/search", {
    files: {
      "a.txt": "one needle\r\ntwo\nNeedle three\n",
      "src/b.ts": "const needle = 1;\n// (needle) [a-z]+\n",
      "src/deep/c.ts": "nothing\n",
      "latin1.txt": Buffer.from("caf\xe9 only here\n", "latin1"),
      "image.png": "needle\n",
      "huge.txt": `${"x".repeat(1_100_000)}\n`,
      "wide.txt": `\ufeff${"é".repeat(50_000)}thread${"b".repeat(70_000)}\nthread ${"c".repeat(350)}\n${"d".repeat(350)}thread\n\n${"e".repeat(900)}thread\n`,
      "name with\nbreak.txt": "odd one\n",
    },
  });
  ({ workspace } = await open(repository));
});
afterAll(() => forge.close());

const search = (args: Record<string, unknown>) => answer({ workspace }, "search_files", args);
const SKIPPED = '1 binary file not searched. Too large to search: "huge.txt".';

test("shows the lines that match, by file", async () => {
  const { outcome } = await call({ workspace }, "search_files", { query: "needle" });
  expect(outcome).toEqual({
    status: "ok",
    text: `3 matching lines in 2 files. ${SKIPPED}\na.txt\n    1\tone needle\nsrc/b.ts\n    1\tconst needle = 1;\n    2\t// (needle) [a-z]+`,
    message: 'Found 3 matching lines in 2 files for "needle".',
  });
});

test.each([
  [
    { query: "(?i)^needle", regex: true },
    `1 matching line in 1 file. ${SKIPPED}\na.txt\n    3\tNeedle three`,
  ],
  [{ query: "[a-z]+" }, `1 matching line in 1 file. ${SKIPPED}\nsrc/b.ts\n    2\t// (needle) [a-z]+`],
  [
    { query: "needle", glob: "*.txt" },
    '1 matching line in 1 file. Too large to search: "huge.txt".\na.txt\n    1\tone needle',
  ],
  [{ query: "needle =", glob: "src/**" }, "1 matching line in 1 file.\nsrc/b.ts\n    1\tconst needle = 1;"],
  [{ query: "needle =", glob: "src" }, "1 matching line in 1 file.\nsrc/b.ts\n    1\tconst needle = 1;"],
  [{ query: "needle =", glob: "./src/" }, "1 matching line in 1 file.\nsrc/b.ts\n    1\tconst needle = 1;"],
  [{ query: "one", glob: "a.txt" }, "1 matching line in 1 file.\na.txt\n    1\tone needle"],
  [{ query: "café" }, `1 matching line in 1 file. ${SKIPPED}\nlatin1.txt\n    1\tcafé only here`],
  [{ query: "odd one" }, `1 matching line in 1 file. ${SKIPPED}\n"name with\\nbreak.txt"\n    1\todd one`],
  [{ query: "nowhere", glob: "src" }, 'No line matches "nowhere" in "src".'],
  [{ query: "no.where", glob: "src" }, 'No line matches "no.where" in "src".'],
  [
    { query: "no(where", glob: "src" },
    'No line matches "no(where" in "src". Set regex to true if query is meant as a pattern.',
  ],
  [
    { query: "no.where", regex: true, glob: "src" },
    'No line matches "no.where" in "src". A pattern is matched against one line at a time.',
  ],
  [
    { query: "needle", glob: "*.rs" },
    'No line matches "needle" in "*.rs". No file matches the glob: one without a slash matches names at any depth, one with a slash starts at the root.',
  ],
])("%j", async (args, told) => {
  expect(await search(args)).toBe(`ok: ${told}`);
});

test.each([
  [
    { query: "one\ntwo" },
    "A search looks at one line at a time, and query has a line break. Search for one of its lines.",
  ],
  [{ query: "" }, "A search needs 1 to 10000 characters to look for."],
  [
    { query: "(", regex: true },
    '"(" is not a regular expression (RE2 syntax): error parsing regexp: missing closing ): `(` Regular expressions are RE2\'s: no lookaround and no backreferences.',
  ],
  [{ query: "x", glob: "x".repeat(301) }, "A glob must have 1 to 300 characters."],
])("%j is refused with what to do", async (args, told) => {
  expect(await search(args)).toContain(`error: ${told}`);
});

test("shows what is around a match far into a line, and where in the line it is", async () => {
  const [head, path, first, second, third, fourth, ...rest] = (await search({ query: "thread" })).split("\n");
  expect([head, path, rest]).toEqual([
    `ok: 4 matching lines in 1 file. Lines are cut at 300 characters. ${SKIPPED}`,
    "wide.txt",
    [],
  ]);
  // The byte order mark counts as a column.
  expect(first).toBe(`    1\t…${"é".repeat(100)}thread${"b".repeat(194)}… (at 50,002 of 120,007 characters)`);
  expect(second).toBe(`    2\tthread ${"c".repeat(293)}…`);
  expect(third).toBe(`    3\t…${"d".repeat(294)}thread`);
  expect(fourth).toBe(`    5\t…${"e".repeat(294)}thread (at 901 of 906 characters)`);
});

test("shows as many matches as fit, and says how many there are", async () => {
  for (const name of ["many-1.txt", "many-2.txt"]) await workspace.write(name, "match\n".repeat(150));
  const told = (await search({ query: "match", glob: "many-*" })).split("\n");
  expect(told[0]).toBe(
    "ok: The first 200 matching lines in 2 files; there are more: search for a longer text, or narrow the glob.",
  );
  expect(told).toHaveLength(1 + 2 + 200);
  await workspace.write("many-1.txt", `${"m".repeat(290)}\n`.repeat(150));
  const wide = (await search({ query: "mmm", glob: "many-*" })).split("\n");
  expect(wide[0]).toBe(
    "ok: 150 matching lines in 1 file. The first 100 of them are shown; narrow the glob to see the others.",
  );
  expect(wide).toHaveLength(1 + 1 + 100);
});
