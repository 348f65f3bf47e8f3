/** Which new files a repository's own rules leave out: the same as git says, and in bounded time. */
import { execFileSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { createIgnoreRules, type IgnoreRules } from "../../../sandbox-runner/src/archive/ignore-rules.ts";
import { createRandom, type Random } from "../../support/random.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { archiveFiles, readAll } from "./helpers.ts";

const plain = (path: string, text: string | Buffer) => ({
  path,
  executable: false,
  content: Buffer.from(text),
});

async function upload(
  rules: IgnoreRules,
  files: Readonly<Record<string, string>>,
  removed: readonly string[] = [],
): Promise<void> {
  const all = Object.entries(files).map(([path, text]) => plain(path, text));
  const watched = rules.watch({ removed, files: archiveFiles(all) });
  expect(await readAll(watched.files)).toEqual(all);
  expect(watched.removed).toEqual(removed);
}

async function rulesFor(files: Readonly<Record<string, string>>): Promise<IgnoreRules> {
  const rules = createIgnoreRules();
  await upload(rules, files);
  return rules;
}

const LINES = [
  ..."abc".split(""),
  "a/",
  "/a",
  "/a/",
  "a/b",
  "/a/b/",
  "**/a",
  "a/**",
  "a/**/b",
  "**/b/**",
  "**",
  "***",
  "a**b",
  "a/**b",
  "*",
  "*/",
  "/*",
  "!*/",
  "!a",
  "!/a/b",
  "!b/",
  "*.log",
  "!keep.log",
  "a?",
  "?",
  "[ab]",
  "[!a]",
  "[^a]*",
  "[a-c]",
  "[]a]",
  "[a",
  "a[/]b",
  "[a/b]",
  "[[:alpha:]]",
  "[[:digit:][:space:]]",
  "[[:nope:]]",
  "[a-",
  "[--b]",
  "[\\]]",
  "[b-\\c]",
  "\\a",
  "a\\",
  "\\*",
  "\\!a",
  "\\#a",
  "#a",
  "!",
  "/",
  "//",
  "a//b",
  "a  ",
  "a\\ ",
  "a\\  ",
  " a",
  "a\t",
  "é",
  "?é",
  "??",
  "a\r",
  "",
  "\ufeffa",
  "a\\/b",
  "node_modules/",
  "A",
  "..",
  "./a",
  "a/../b",
  "*a*b*",
  "**/**/c",
  "a/*/c",
  "*/b",
  "\\[ab]",
];
const NAMES = [
  "a",
  "b",
  "c",
  "ab",
  "a b",
  "a ",
  "é",
  "!a",
  "#a",
  "*",
  "x.log",
  "keep.log",
  "]",
  "[a",
  "1",
  "A",
  " a",
  "-",
];

const pathOf = (random: Random) =>
  Array.from({ length: 1 + random.int(4) }, () => random.pick(NAMES)).join("/");

/** Of those paths that git says it ignores. */
async function ignoredByGit(
  files: Readonly<Record<string, string>>,
  paths: readonly string[],
): Promise<ReadonlySet<string>> {
  await using folder = await temporaryFolder();
  execFileSync("git", ["init", "-q"], { cwd: folder.path });
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder.path, path)), { recursive: true });
    await writeFile(join(folder.path, path), text);
  }
  const args = ["-c", "core.excludesFile=/dev/null", "check-ignore", "--no-index", "--stdin", "-z"];
  try {
    const output = execFileSync("git", args, {
      cwd: folder.path,
      input: paths.map((path) => `${path}\0`).join(""),
    });
    return new Set(output.toString().split("\0").slice(0, -1));
  } catch (error) {
    // 1 says that none is ignored.
    if (error instanceof Error && "status" in error && error.status === 1) return new Set();
    throw error;
  }
}

test.each(LINES)("the line %j means what it means to git", async (line) => {
  const random = createRandom(1);
  const paths = [
    ...new Set([...NAMES, "a/b", "a/b/c", ...Array.from({ length: 300 }, () => pathOf(random))]),
  ];
  for (const text of [`${line}\n`, `*\n!*/\n!${line}`]) {
    const files = { ".gitignore": text };
    const rules = await rulesFor(files);
    const ignored = await ignoredByGit(files, paths);
    expect(paths.filter((path) => rules.ignored(path))).toEqual(paths.filter((path) => ignored.has(path)));
  }
});

test.each(Array.from({ length: 40 }, (_, seed) => seed + 1))(
  "files with many lines, in folders too, mean what they mean to git (seed %d)",
  async (seed) => {
    const random = createRandom(seed);
    const text = () => Array.from({ length: 1 + random.int(5) }, () => random.pick(LINES)).join("\n");
    const folders = ["", "a/", "b/", "a/b/", "ab/", "a/b/c/"];
    const files = Object.fromEntries(folders.map((folder) => [`${folder}.gitignore`, text()]));
    const paths = [...new Set(Array.from({ length: 300 }, () => pathOf(random)))].filter(
      (path) => !folders.includes(`${path}/`),
    );
    const rules = await rulesFor(files);
    const ignored = await ignoredByGit(files, paths);
    expect(paths.filter((path) => rules.ignored(path))).toEqual(paths.filter((path) => ignored.has(path)));
  },
);

test("a later upload changes or removes rules", async () => {
  const rules = await rulesFor({ ".gitignore": "*.log", "a/.gitignore": "b", "a/c/.gitignore": "d" });
  expect(["x.log", "a/b", "a/c/d"].map(rules.ignored)).toEqual([true, true, true]);
  await upload(rules, { ".gitignore": "*.tmp" });
  expect(["x.log", "x.tmp", "a/b", "a/c/d"].map(rules.ignored)).toEqual([false, true, true, true]);
  await upload(rules, {}, ["a/.gitignore"]);
  expect(["x.tmp", "a/b", "a/c/d"].map(rules.ignored)).toEqual([true, false, true]);
  await upload(rules, {}, ["a"]);
  expect(["x.tmp", "a/b", "a/c/d"].map(rules.ignored)).toEqual([true, false, false]);
});

test("without rules nothing is ignored, and names that only look like rules are none", async () => {
  const rules = await rulesFor({ "x.gitignore": "*", "a/.gitignore/b": "*", gitignore: "*" });
  expect(["a", "b/a", "a/.gitignore/c"].map(rules.ignored)).toEqual([false, false, false]);
});

test("what tools leave for themselves is ignored without rules, and counts where a rule says so", async () => {
  const paths = [
    "node_modules/a/index.js",
    "web/node_modules/a.js",
    "shelf/__pycache__/main.cpython-311.pyc",
    ".pytest_cache/README.md",
    ".coverage",
    "package-lock.json",
    "src/coverage.ts",
  ];
  const without = await rulesFor({});
  expect(paths.filter((path) => !without.ignored(path))).toEqual(["package-lock.json", "src/coverage.ts"]);
  const withRules = await rulesFor({ ".gitignore": "!.coverage\n", "web/.gitignore": "!node_modules/\n" });
  expect(paths.filter((path) => !withRules.ignored(path))).toEqual([
    "web/node_modules/a.js",
    ".coverage",
    "package-lock.json",
    "src/coverage.ts",
  ]);
});

test("rules that are no UTF-8, too long or too many are as if they were not there", async () => {
  const rules = createIgnoreRules();
  const files = [
    plain("a/.gitignore", Buffer.of(0x2a, 0x0a, 0xff)),
    plain("b/.gitignore", `*\n${"#".repeat(65_536)}`),
    plain("c/.gitignore", "*\n".repeat(20_001)),
    plain("d/.gitignore", "x".repeat(1001)),
    plain("e/.gitignore", "*"),
  ];
  await readAll(rules.watch({ removed: [], files: archiveFiles(files) }).files);
  const paths = ["a/x", "b/x", "c/x", `d/${"x".repeat(1001)}`, "e/x"];
  expect(paths.map(rules.ignored)).toEqual([false, false, false, false, true]);
});

test("rules made to take forever end, with nothing more ignored", async () => {
  const rules = await rulesFor({
    ".gitignore": `hidden\n${`${"*a".repeat(30)}b\n${"**/*a*a*a/".repeat(30)}b\n`.repeat(130)}`,
  });
  expect(rules.ignored("hidden")).toBe(true);
  const slow = `${"a".repeat(250)}/`.repeat(15);
  for (let at = 0; at < 200; at += 1) rules.ignored(`${slow}${at}`);
  expect(rules.ignored("hidden")).toBe(false);
});
