/** The patch against `git apply`: whatever the edits, git makes the same tree of it. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Workspace } from "../../src/workspace/workspace.ts";
import { type ForgeRepository, type LocalForge, startForge } from "../support/forge/server.ts";
import { makeOddRepository } from "../support/odd-repository.ts";
import { open, publish, TOKENS } from "../support/open.ts";
import { createRandom, type Random } from "../support/random.ts";

let forge: LocalForge;
let odd: ForgeRepository;
let source: ReturnType<typeof makeOddRepository>;

beforeAll(async () => {
  forge = await startForge({ tokens: TOKENS });
  source = makeOddRepository();
  odd = await forge.addRepository("octo/odd", { from: source.dir });
});
afterAll(async () => {
  await forge.close();
  source.remove();
});

/** The tree that `git apply --index` makes of a patch on `main`. */
function applied(patch: string): string {
  const folder = mkdtempSync(join(tmpdir(), "apply-"));
  const env = {
    ...process.env,
    GIT_INDEX_FILE: join(folder, "index"),
    GIT_DIR: odd.dir,
    GIT_WORK_TREE: folder,
  };
  const git = (args: string[], input?: string): string =>
    execFileSync("git", args, { cwd: folder, env, ...(input === undefined ? {} : { input }) })
      .toString()
      .trim();
  try {
    git(["read-tree", "main"]);
    if (patch !== "") git(["apply", "--cached", "--whitespace=nowarn"], patch);
    return git(["write-tree"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function expectSameTree(
  edit: (workspace: Workspace) => Promise<void>,
  branch: string,
): Promise<string> {
  const opened = await open(odd);
  await edit(opened.workspace);
  const patch = await opened.workspace.diff();
  await publish(opened, odd, branch);
  expect(applied(patch), patch.slice(0, 5000)).toBe(await odd.git("rev-parse", `${branch}^{tree}`));
  return patch;
}

test("a small edit reads as people expect", async () => {
  const patch = await expectSameTree((w) => w.write("src/app.py", "def main():\n    return 2\n"), "small");
  expect(patch.replace(/^index .*\n/m, "")).toBe(
    [
      "diff --git a/src/app.py b/src/app.py",
      "--- a/src/app.py",
      "+++ b/src/app.py",
      "@@ -1,2 +1,2 @@",
      " def main():",
      "-    return 1",
      "+    return 2",
      "",
    ].join("\n"),
  );
});

const WRITTEN: readonly (readonly [string, string | Uint8Array])[] = [
  ["README.md", ""],
  ["empty", "no longer\n"],
  ["empty", "no longer, and no newline"],
  ["no-final-newline.txt", "one\ntwo\n"],
  ["no-final-newline.txt", "one\ntwo changed"],
  ["mixed-endings.txt", "unix\r\nwindows\nold mac\rend\n"],
  ["bin/crlf.bat", "@echo off\r\necho two\r\n"],
  ["spaces in names/a file with spaces.txt", "spaced out\n"],
  [`quotes/"double" and 'single'.txt`, "requoted\n"],
  ["back\\slash.txt", "changed below\n"],
  ["ünïcödé/日本語.txt", "さようなら\n"],
  ["-dash-first.txt", "dash\n--- not a header\n+++ neither\n"],
  ["latin1.txt", Buffer.from("caf\xe8\n", "latin1")],
  ["utf16.txt", Buffer.from("\ufeffnarrow\r\n", "utf16le")],
  ["image.png", new Uint8Array(5000).map((_, i) => (i * i) % 251)],
  ["long-line.txt", `${"y".repeat(200_000)}\nend\n`],
  ["new/text", "text\n"],
  ["new/binary", new Uint8Array([0])],
  ["new/empty", ""],
];

// Writing to some names is refused, and that is tested elsewhere; these exist, so editing them is not.
test.each(WRITTEN)("writing %s makes a patch that git applies", async (path, content) => {
  if (path.includes("\\")) return;
  await expectSameTree(
    (w) => w.write(path, content),
    `write-${WRITTEN.findIndex((c) => c[0] === path && c[1] === content)}`,
  );
});

test("deletions, renames and modes of odd entries make a patch that git applies", async () => {
  const patch = await expectSameTree(async (w) => {
    for (const path of [
      "image.png",
      "latin1.txt",
      "sub/module",
      "link-to-etc",
      "empty",
      "tab\there.txt",
      "line\nbreak.txt",
    ]) {
      await w.delete(path);
    }
    await w.move("back\\slash.txt", "forward.txt");
    await w.move("spaces in names", "moved names");
    await w.move("not-utf8-\udce9/inside.txt", "utf8/inside.txt");
    await w.move("link-to-file", "links/file");
    await w.write("bin/run", "#!/bin/sh\necho run\n", { executable: false });
    await w.write("src/app.js", "export {};\n", { executable: true });
  }, "odd-changes");
  expect(patch.split("\n").filter((line) => line.startsWith("rename from"))).toEqual([
    'rename from "back\\\\slash.txt"',
    "rename from link-to-file",
    "rename from spaces in names/a file with spaces.txt",
    'rename from "not-utf8-\\351/inside.txt"',
  ]);
});

test("an empty side of a hunk counts from the line before it", async () => {
  const { workspace } = await open(odd);
  await workspace.write("empty", "filled\n");
  await workspace.write("README.md", "");
  await workspace.write("added", "new\n");
  expect((await workspace.diff()).match(/^@@.*/gm)).toEqual([
    "@@ -1,3 +0,0 @@",
    "@@ -0,0 +1,1 @@",
    "@@ -0,0 +1,1 @@",
  ]);
});

test("only the asked-for paths are in a partial patch", async () => {
  const { workspace } = await open(odd);
  await workspace.write("a.txt", "a\n");
  await workspace.write("b.txt", "b\n");
  expect((await workspace.diff(["b.txt"])).match(/^diff .*/gm)).toEqual(["diff --git a/b.txt b/b.txt"]);
});

/** A text edited at random: lines added, dropped, changed, with any ending. */
function edited(text: string, random: Random): string {
  const lines = text.split(/(?<=\n)/);
  for (let i = random.int(6); i >= 0; i--) {
    const at = random.int(lines.length + 1);
    const line = `${random.pick(["", "x", "-", "+", "\\ No newline", "@@ -1 +1 @@", "é", "\ufeff", "\u2028"])}${random.int(9)}`;
    lines.splice(at, random.int(3), line + random.pick(["\n", "\n", "\r\n", "\r", ""]));
  }
  return lines.join("");
}

test("200 random edits of random texts all make patches that git applies", async () => {
  const random = createRandom(20260102);
  const texts = Array.from({ length: 40 }, () =>
    edited(Array.from({ length: random.int(60) }, (_, i) => `line ${i}\n`).join(""), random),
  );
  const files = Object.fromEntries(texts.map((text, i) => [`text-${String(i).padStart(2, "0")}`, text]));
  const repository = await forge.addRepository("octo/random", { files });
  const base = odd;
  odd = repository;
  try {
    for (let round = 0; round < 5; round++) {
      await expectSameTree(async (w) => {
        for (const [path, text] of Object.entries(files)) await w.write(path, edited(text, random));
      }, `random-${round}`);
    }
  } finally {
    odd = base;
  }
});

test("a rewrite of thousands of lines becomes one replacement that git applies", async () => {
  const before = Array.from({ length: 6000 }, (_, i) => `before ${i}\n`).join("");
  const repository = await forge.addRepository("octo/rewrite", { files: { "big.txt": before } });
  const { workspace } = await open(repository);
  await workspace.write("big.txt", before.replaceAll("before", "after"));
  expect(await workspace.changes()).toEqual([
    { path: "big.txt", kind: "modified", additions: 6000, deletions: 6000, binary: false },
  ]);
  expect((await workspace.diff()).match(/^@@.*/gm)).toEqual(["@@ -1,6000 +1,6000 @@"]);
});
