/** Searching a repository whose files were never fetched. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { DEFAULT_WORKSPACE_LIMITS } from "../../src/workspace/limits.ts";
import { type ForgeRepository, type LocalForge, startForge } from "../support/forge/server.ts";
import { open, TOKENS } from "../support/open.ts";

let forge: LocalForge;
let repository: ForgeRepository;

beforeAll(async () => {
  forge = await startForge({ tokens: TOKENS });
  repository = await forge.addRepository("octo/search", {
    files: {
      "a.txt": "one needle\r\ntwo\nNeedle three\n",
      "src/b.ts": "const needle = 1;\n// (needle) [a-z]+\n",
      "src/deep/c.ts": "nothing\n",
      ".hidden/d.ts": "needle\n",
      "latin1.txt": Buffer.from("caf\xe9 needle\n", "latin1"),
      "data.bin": "needle in a name that says binary\n",
      nul: "needle\0",
      "large.txt": `${"x".repeat(2_000_000)}\nneedle\n`,
      link: { mode: "120000", content: "needle" },
    },
  });
});
afterAll(() => forge.close());

const at = (matches: readonly { path: string; line: number; column: number }[]): string[] =>
  matches.map(({ path, line, column }) => `${path}:${line}:${column}`);

test("finds literal text in every text file, and says what it skipped", async () => {
  const { workspace } = await open(repository);
  const { matches, truncated, skipped } = await workspace.search({ query: "needle" });
  expect(matches).toEqual([
    { path: ".hidden/d.ts", line: 1, column: 1, text: "needle" },
    { path: "a.txt", line: 1, column: 5, text: "one needle" },
    { path: "latin1.txt", line: 1, column: 6, text: "café needle" },
    { path: "src/b.ts", line: 1, column: 7, text: "const needle = 1;" },
    { path: "src/b.ts", line: 2, column: 5, text: "// (needle) [a-z]+" },
  ]);
  expect(truncated).toBe(false);
  expect(skipped).toEqual([
    { path: "data.bin", reason: "binary" },
    { path: "large.txt", reason: "too_large" },
    { path: "nul", reason: "binary" },
  ]);
});

test("a query with the characters of a pattern is literal unless it is asked to be a pattern", async () => {
  const { workspace } = await open(repository);
  expect(at((await workspace.search({ query: "[a-z]+" })).matches)).toEqual(["src/b.ts:2:13"]);
  expect(at((await workspace.search({ query: "^const [a-z]+ =", regex: true })).matches)).toEqual([
    "src/b.ts:1:1",
  ]);
  expect(at((await workspace.search({ query: "NEEDLE T", ignoreCase: true })).matches)).toEqual([
    "a.txt:3:1",
  ]);
});

test("folders and globs narrow a search, and what is outside is not fetched", async () => {
  const opened = await open(repository);
  const before = opened.fetchedBytes();
  const { matches } = await opened.workspace.search({ query: "needle", path: "src", glob: "*.ts" });
  expect(at(matches)).toEqual(["src/b.ts:1:7", "src/b.ts:2:5"]);
  expect(opened.fetchedBytes() - before).toBeLessThan(500);
  expect(at((await opened.workspace.search({ query: "needle", glob: ["**/*.ts", "!x"] })).matches)).toEqual([
    ".hidden/d.ts:1:1",
    "src/b.ts:1:7",
    "src/b.ts:2:5",
  ]);
});

test("edits are searched as they are now", async () => {
  const { workspace } = await open(repository);
  await workspace.write("src/b.ts", "changed\nneedle\n");
  await workspace.delete("a.txt");
  await workspace.move(".hidden/d.ts", "moved.ts");
  expect(at((await workspace.search({ query: "needle", glob: "*.ts" })).matches)).toEqual([
    "moved.ts:1:1",
    "src/b.ts:2:1",
  ]);
});

test("stops at the wanted number of matches and says so", async () => {
  const { workspace } = await open(repository);
  const { matches, truncated } = await workspace.search({ query: "needle", maxMatches: 2 });
  expect(at(matches)).toEqual([".hidden/d.ts:1:1", "a.txt:1:5"]);
  expect(truncated).toBe(true);
});

test("a pattern that would take a backtracking engine forever is answered", async () => {
  const evil = await forge.addRepository("octo/evil", { files: { "a.txt": `${"a".repeat(5000)}!\n` } });
  const { workspace } = await open(evil);
  expect((await workspace.search({ query: "^(a+)+$", regex: true })).matches).toEqual([]);
});

test("a pattern that is none, and an empty query, are refused by name", async () => {
  const { workspace } = await open(repository);
  await expect(workspace.search({ query: "(", regex: true })).rejects.toMatchObject({
    code: "invalid_pattern",
  });
  await expect(workspace.search({ query: "" })).rejects.toMatchObject({ code: "invalid_pattern" });
});

test("a file over the bound for one object is skipped, the others in its batch are found", async () => {
  const { workspace } = await open(repository, {
    limits: { ...DEFAULT_WORKSPACE_LIMITS, objectBytes: 100_000 },
  });
  const { matches, skipped } = await workspace.search({ query: "needle" });
  expect(at(matches)).toHaveLength(5);
  expect(skipped).toContainEqual({ path: "large.txt", reason: "too_large" });
});

test("a search that would read more than its bound says how to search less", async () => {
  const limits = { ...DEFAULT_WORKSPACE_LIMITS, searchBytes: 100, hydrateBatch: 2 };
  const { workspace } = await open(repository, { limits });
  await expect(workspace.search({ query: "needle" })).rejects.toMatchObject({ code: "too_much_to_read" });
});
