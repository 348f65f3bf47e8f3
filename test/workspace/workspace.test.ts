/** The workspace against real git: what it reads, what it pushes, and what it leaves alone. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DEFAULT_WORKSPACE_LIMITS } from "../../src/workspace/limits.ts";
import type { Workspace } from "../../src/workspace/workspace.ts";
import { type ForgeRepository, type LocalForge, startForge } from "../support/forge/server.ts";
import { makeOddRepository, ODD_ENTRIES } from "../support/odd-repository.ts";
import { AUTHOR, DATE, open, publish, remoteOf, TOKENS } from "../support/open.ts";

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

/** The tree git makes when it applies the same edits to an index of its own. */
function gitTree(
  edit: (git: (...args: string[]) => string, put: (content: string | Buffer) => string) => void,
): string {
  const folder = mkdtempSync(join(tmpdir(), "index-"));
  const env = {
    ...process.env,
    GIT_INDEX_FILE: join(folder, "index"),
    GIT_DIR: source.dir,
    GIT_WORK_TREE: folder,
  };
  const git = (...args: string[]): string =>
    execFileSync("git", args, { cwd: folder, env, stdio: ["ignore", "pipe", "inherit"] })
      .toString()
      .trim();
  const put = (content: string | Buffer): string =>
    execFileSync("git", ["hash-object", "-w", "--stdin"], { cwd: folder, env, input: content })
      .toString()
      .trim();
  try {
    git("read-tree", "main");
    edit(git, put);
    return git("write-tree");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A name as the workspace spells it: bytes that are not UTF-8 as lone surrogates. */
function spelt(path: string | Buffer): string {
  if (typeof path === "string") return path;
  return Array.from(path, (byte) => String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte)).join("");
}

const KIND = {
  "100644": "file",
  "100755": "executable",
  "120000": "symlink",
  "160000": "submodule",
} as const;

test("a file's bytes at the base stay what they were, whatever is done to it", async () => {
  const { workspace } = await open(odd);
  const paths = ["utf8-bom.txt", "image.png", "src/app.py", "src/app.js"];
  const before = await Promise.all(paths.map((path) => workspace.read(path)));
  await workspace.write("utf8-bom.txt", "edited\n");
  await workspace.delete("image.png");
  await workspace.move("src", "lib");
  expect(await Promise.all(paths.map((path) => workspace.readBase(path)))).toEqual(before);
  await workspace.write("new.txt", "new\n");
  const none = ["new.txt", "lib/app.py", "nothing", "src", "link-to-file", "sub/module"];
  expect(await Promise.all(none.map((path) => workspace.readBase(path)))).toEqual(none.map(() => undefined));
});

test("lists every entry in git's order with its kind", async () => {
  const { workspace, fileCount, eachFileName } = await open(odd);
  const listed = await workspace.list();
  const expected = execFileSync("git", ["-C", odd.dir, "ls-tree", "-r", "-z", "--name-only", "main"])
    .toString("latin1")
    .split("\0")
    .slice(0, -1);
  const bytes = (path: string): string => {
    const entry = ODD_ENTRIES.find((candidate) => spelt(candidate.path) === path);
    return Buffer.from(entry?.path ?? "?").toString("latin1");
  };
  expect(listed.map(({ path }) => bytes(path))).toEqual(expected);
  const names: string[] = [];
  eachFileName((name) => names.push(name));
  expect(names).toEqual(listed.map(({ path }) => path.slice(path.lastIndexOf("/") + 1)));
  expect(fileCount).toBe(ODD_ENTRIES.length);
  for (const { path, mode } of ODD_ENTRIES) {
    expect(await workspace.entry(spelt(path))).toEqual({ path: spelt(path), kind: KIND[mode] });
  }
});

test("reads every file byte for byte, and fetches only what it reads", async () => {
  const opened = await open(odd);
  const trees = opened.fetchedBytes();
  for (const { path, mode, content } of ODD_ENTRIES) {
    if (mode === "120000" || mode === "160000") continue;
    expect(Buffer.from(await opened.workspace.read(spelt(path))).equals(content), String(path)).toBe(true);
  }
  expect(opened.fetchedBytes()).toBeGreaterThan(trees);
  forge.log.clear();
  const again = await open(odd);
  expect(again.fetchedBytes()).toBe(trees);
  await again.workspace.read("README.md");
  await again.workspace.read("README.md");
  expect(forge.log.lines()).toEqual([
    "POST /octo/odd.git/git-upload-pack 200",
    "POST /octo/odd.git/git-upload-pack 200",
    "POST /octo/odd.git/git-upload-pack 200",
  ]);
});

test("prefetches many files in one request", async () => {
  const { workspace } = await open(odd);
  forge.log.clear();
  await workspace.prefetch(ODD_ENTRIES.map(({ path }) => spelt(path)));
  for (const { path, mode } of ODD_ENTRIES) if (mode.startsWith("100")) await workspace.read(spelt(path));
  expect(forge.log.lines()).toEqual(["POST /octo/odd.git/git-upload-pack 200"]);
});

test("files over the bound on what is held are let go, oldest first, and fetched again when read", async () => {
  const files = Object.fromEntries(["a", "b", "c"].map((name) => [name, name.repeat(1000)]));
  const three = await forge.addRepository("octo/three", { files });
  const { workspace } = await open(three, { limits: { ...DEFAULT_WORKSPACE_LIMITS, heldBytes: 2500 } });
  forge.log.clear();
  for (const path of ["a", "b", "c", "b", "c", "a", "c", "b"]) {
    expect(await workspace.readText(path)).toBe(path.repeat(1000));
  }
  // Fetched: a, b, c (a goes), a again (b goes), b again.
  expect(forge.log.lines()).toHaveLength(5);
});

test("says what is at a path that cannot be read as a file", async () => {
  const { workspace } = await open(odd);
  await expect(workspace.read("nothing")).rejects.toMatchObject({
    code: "file_not_found",
    message: 'There is no file "nothing" in the repository.',
  });
  await expect(workspace.read("src")).rejects.toMatchObject({
    code: "not_a_file",
    message: '"src" is a folder.',
  });
  await expect(workspace.read("link-to-etc")).rejects.toMatchObject({ code: "not_a_file" });
  await expect(workspace.read("link-to-etc/passwd")).rejects.toMatchObject({ code: "file_not_found" });
  await expect(workspace.read("sub/module")).rejects.toMatchObject({ code: "not_a_file" });
  await expect(workspace.readText("latin1.txt")).rejects.toMatchObject({
    code: "not_text",
    message: '"latin1.txt" is not a UTF-8 text file.',
  });
  await expect(workspace.readText("utf16.txt")).rejects.toMatchObject({ code: "not_text" });
  expect(await workspace.readText("utf8-bom.txt")).toBe("\ufeffwith a mark\n");
});

interface Script {
  readonly name: string;
  readonly edit: (workspace: Workspace) => Promise<void>;
  readonly git: Parameters<typeof gitTree>[0];
}

const cacheinfo = (mode: string, oid: string, path: string): string[] => [
  "update-index",
  "--add",
  "--cacheinfo",
  `${mode},${oid},${path}`,
];

const SCRIPTS: readonly Script[] = [
  {
    name: "a new file in a new folder",
    edit: (w) => w.write("new folder/ü/file.txt", "hello\n"),
    git: (git, put) => void git(...cacheinfo("100644", put("hello\n"), "new folder/ü/file.txt")),
  },
  {
    name: "an edit beside files of odd names in the root",
    edit: (w) => w.write("README.md", "changed\n"),
    git: (git, put) => void git(...cacheinfo("100644", put("changed\n"), "README.md")),
  },
  {
    name: "an executable keeps its bit when it is edited",
    edit: (w) => w.write("bin/run", "#!/bin/sh\n"),
    git: (git, put) => void git(...cacheinfo("100755", put("#!/bin/sh\n"), "bin/run")),
  },
  {
    name: "the executable bit set and cleared",
    edit: async (w) => {
      await w.write("README.md", "x", { executable: true });
      await w.write("bin/run", "y", { executable: false });
    },
    git: (git, put) => {
      git(...cacheinfo("100755", put("x"), "README.md"));
      git(...cacheinfo("100644", put("y"), "bin/run"));
    },
  },
  {
    name: "bytes that are no text",
    edit: (w) => w.write("image.png", new Uint8Array([0, 255, 1, 254])),
    git: (git, put) => void git(...cacheinfo("100644", put(Buffer.from([0, 255, 1, 254])), "image.png")),
  },
  {
    name: "a deleted file, and a folder that is empty without it",
    edit: async (w) => {
      await w.delete("empty");
      await w.delete("empty-folder-keeper/.gitkeep");
    },
    git: (git) => void git("update-index", "--force-remove", "empty", "empty-folder-keeper/.gitkeep"),
  },
  {
    name: "a deleted folder, link and submodule",
    edit: async (w) => {
      await w.delete("sort");
      await w.delete("link-to-etc");
      await w.delete("sub/module");
    },
    git: (git) => void git("rm", "-r", "-q", "--cached", "sort", "link-to-etc", "sub/module"),
  },
  {
    name: "a moved folder, with its contents never fetched",
    edit: (w) => w.move("sort", "sorted/again"),
    git: (git) => {
      git("read-tree", "--prefix=sorted/again/", "main:sort");
      git("rm", "-r", "-q", "--cached", "sort");
    },
  },
  {
    name: "a moved link, submodule and executable",
    edit: async (w) => {
      await w.move("link-to-nowhere", "links/nowhere");
      await w.move("sub/module", "modules/moved");
      await w.move("bin/run", "run");
    },
    git: (git) => {
      for (const [from, to] of [
        ["link-to-nowhere", "links/nowhere"],
        ["sub/module", "modules/moved"],
        ["bin/run", "run"],
      ]) {
        const [mode, , oid] = git("ls-tree", "main", from ?? "").split(/\s+/);
        git(...cacheinfo(mode ?? "", oid ?? "", to ?? ""));
        git("update-index", "--force-remove", from ?? "");
      }
    },
  },
  {
    name: "a file in place of a folder and a folder in place of a file",
    edit: async (w) => {
      await w.delete("sort/ab");
      await w.write("sort/ab", "now a file\n");
      await w.delete("sort/a");
      await w.write("sort/a/inside", "now a folder\n");
    },
    git: (git, put) => {
      git("update-index", "--force-remove", "sort/ab/inner", "sort/a");
      git(...cacheinfo("100644", put("now a file\n"), "sort/ab"));
      git(...cacheinfo("100644", put("now a folder\n"), "sort/a/inside"));
    },
  },
];

test.each(SCRIPTS)("pushes exactly the tree git makes: $name", async ({ name, edit, git }) => {
  const opened = await open(odd);
  await edit(opened.workspace);
  const branch = `tree-${SCRIPTS.findIndex((script) => script.name === name)}`;
  const commit = await publish(opened, odd, branch);
  expect(await odd.git("rev-parse", `${branch}^{tree}`)).toBe(gitTree(git));
  expect(await odd.git("rev-parse", branch, `${branch}^`)).toBe(`${commit}\n${opened.baseCommit}`);
  await odd.git("fsck", "--strict", branch);
});

test("the commit carries author, date and message as given", async () => {
  const opened = await open(odd);
  await opened.workspace.write("a.txt", "a\n");
  const commit = await publish(opened, odd, "who");
  expect(await odd.git("cat-file", "commit", commit)).toBe(
    [
      `tree ${await odd.git("rev-parse", `${commit}^{tree}`)}`,
      `parent ${opened.baseCommit}`,
      `author ${AUTHOR.name} <${AUTHOR.email}> ${DATE.getTime() / 1000} +0000`,
      `committer ${AUTHOR.name} <${AUTHOR.email}> ${DATE.getTime() / 1000} +0000`,
      "",
      "Change",
    ].join("\n"),
  );
});

test("edits are seen by every way to look, and taken back by revert", async () => {
  const { workspace } = await open(odd);
  await workspace.write("src/new.py", "print(1)\n");
  await workspace.delete("src/app.js");
  await workspace.move("src/app.py", "lib/app.py");
  expect((await workspace.list({ path: "src" })).map(({ path }) => path)).toEqual(["src/new.py"]);
  expect((await workspace.list({ glob: "*.py" })).map(({ path }) => path)).toEqual([
    "lib/app.py",
    "src/new.py",
  ]);
  expect(await workspace.readText("lib/app.py")).toBe("def main():\n    return 1\n");
  await expect(workspace.read("src/app.js")).rejects.toMatchObject({ code: "file_not_found" });
  workspace.revert(["src/new.py", "src/app.js", "src/app.py", "lib/app.py"]);
  expect(await workspace.changes()).toEqual([]);
  expect((await workspace.list({ path: "src" })).map(({ path }) => path)).toEqual([
    "src/app.js",
    "src/app.py",
  ]);
});

test("changes tell what the edits amount to, not what was tried on the way", async () => {
  const { workspace } = await open(odd);
  await workspace.write("README.md", "other\n");
  await workspace.write("README.md", "# Odd\n\nA repository of odd entries.\n");
  await workspace.write("passing.txt", "x");
  await workspace.delete("passing.txt");
  await workspace.write("src/app.py", "def main():\n    return 2\n");
  await workspace.write("added.txt", "1\n2\n3");
  await workspace.delete("no-final-newline.txt");
  await workspace.move("image.png", "pictures/image.png");
  await workspace.write("latin1.txt", Buffer.from("caf\xe9\n", "latin1"));
  expect(await workspace.changes()).toEqual([
    { path: "added.txt", kind: "added", additions: 3, deletions: 0, binary: false },
    { path: "latin1.txt", kind: "modified", additions: 0, deletions: 0, binary: true },
    { path: "no-final-newline.txt", kind: "deleted", additions: 0, deletions: 2, binary: false },
    {
      path: "pictures/image.png",
      kind: "renamed",
      from: "image.png",
      additions: 0,
      deletions: 0,
      binary: false,
    },
    { path: "src/app.py", kind: "modified", additions: 1, deletions: 1, binary: false },
  ]);
});

test("a branch that is there is never moved", async () => {
  const opened = await open(odd);
  await opened.workspace.write("a.txt", "a\n");
  const commit = await opened.commit({ message: "x\n", author: AUTHOR, date: DATE });
  const before = await odd.git("rev-parse", "main");
  expect(await opened.push(remoteOf(odd), "main", commit)).toBe("branch_exists");
  expect(await odd.git("rev-parse", "main")).toBe(before);
});

test("a push whose answer is lost is found to have worked", async () => {
  const opened = await open(odd);
  await opened.workspace.write("lost.txt", "a\n");
  const fault = forge.faults.add({
    match: { service: "receive-pack" },
    times: 1,
    action: { dropReply: true },
  });
  const commit = await publish(opened, odd, "answer-lost");
  expect(fault.hits).toBe(1);
  expect(await odd.git("rev-parse", "answer-lost")).toBe(commit);
});

test("a push that finds its own commit there has worked, whoever sent it", async () => {
  const opened = await open(odd);
  await opened.workspace.write("twice.txt", "a\n");
  const commit = await publish(opened, odd, "twice");
  expect(await opened.push(remoteOf(odd), "twice", commit)).toBe("pushed");
});

test("a branch is moved on from where it is expected, and from nowhere else", async () => {
  const base = await odd.git("rev-parse", "main");
  await odd.git("branch", "onward", "main");
  const opened = await open(odd, { branch: "onward" });
  await opened.workspace.write("onward.txt", "a\n");
  const commit = await opened.commit({ message: "On\n", author: AUTHOR, date: DATE });
  const theirs = await odd.commit({ "theirs.txt": "b\n" }, { branch: "onward" });
  expect(await opened.push(remoteOf(odd), "onward", commit, base)).toBe("branch_exists");
  expect(await odd.git("rev-parse", "onward")).toBe(theirs);
  await odd.git("update-ref", "refs/heads/onward", base);
  expect(await opened.push(remoteOf(odd), "onward", commit, base)).toBe("pushed");
  expect(await odd.git("rev-parse", "onward", "onward^")).toBe(`${commit}\n${base}`);
});
