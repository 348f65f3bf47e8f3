import { execFileSync } from "node:child_process";
import {
  chmod,
  link,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { ArchiveLimits, ChangedFiles, Upload } from "../../../sandbox-runner/src/archive/archive.ts";
import { createFolderWorkspace } from "../../../sandbox-runner/src/folder/workspace.ts";
import { collect } from "../../support/collect.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const LIMITS: ArchiveLimits = { files: 100, fileBytes: 1_000_000, totalBytes: 2_000_000 };
const { signal } = new AbortController();
const all = () => true;

/** `*` at the end of a name makes the file executable. */
function upload(files: Record<string, string>, removed: string[] = []): Upload {
  return { removed, files: entries(files) };
}

async function* entries(files: Record<string, string>) {
  for (const [name, text] of Object.entries(files)) {
    const bytes = new TextEncoder().encode(text);
    yield {
      path: name.replace(/\*$/, ""),
      executable: name.endsWith("*"),
      size: bytes.byteLength,
      content: (async function* () {
        for (let at = 0; at < bytes.byteLength; at += 3) yield bytes.subarray(at, at + 3);
      })(),
    };
  }
}

/** Everything that comes out, contents as text. */
async function read({ manifest, files }: ChangedFiles) {
  const contents: Record<string, string> = {};
  for await (const file of files) {
    const bytes = Buffer.concat((await collect(file.content)).map((piece) => Buffer.from(piece)));
    expect(bytes.byteLength).toBe(file.size);
    contents[`${file.path}${file.executable ? "*" : ""}`] = bytes.toString();
  }
  return { ...manifest, contents };
}

async function workspace(files: Record<string, string>, limits = LIMITS) {
  const folder = await temporaryFolder();
  const made = createFolderWorkspace(folder.path, limits);
  await made.put(upload(files), signal);
  return {
    at: (path: string) => join(folder.path, path),
    put: (more: Record<string, string>, removed: string[] = []) => made.put(upload(more, removed), signal),
    changes: async (keep: (path: string) => boolean = all) => read(await made.changes(keep, signal)),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

const NOTHING = { added: [], modified: [], deleted: [], skipped: [], contents: {} };

describe("a folder workspace", () => {
  test("holds what was uploaded, and nothing has changed", async () => {
    await using at = await workspace({ "run.sh*": "#!/bin/sh\n", "src/deep/a.txt": "one", empty: "" });
    expect(await readFile(at.at("src/deep/a.txt"), "utf8")).toBe("one");
    expect((await lstat(at.at("run.sh"))).mode & 0o777).toBe(0o755);
    expect(await at.changes()).toEqual(NOTHING);
  });

  test("tells what was added, modified, made executable and deleted, with the contents", async () => {
    await using at = await workspace({ "a.txt": "one", "b.txt": "two", "c.txt": "same", "d/e.txt": "gone" });
    await writeFile(at.at("a.txt"), "ONE");
    await chmod(at.at("b.txt"), 0o755);
    await rm(at.at("d"), { recursive: true });
    await mkdir(at.at("new/deep"), { recursive: true });
    await writeFile(at.at("new/deep/f\nname"), "more");
    expect(await at.changes()).toEqual({
      added: ["new/deep/f\nname"],
      modified: ["a.txt", "b.txt"],
      deleted: ["d/e.txt"],
      skipped: [],
      contents: { "a.txt": "ONE", "b.txt*": "two", "new/deep/f\nname": "more" },
    });
  });

  test("finds a change that keeps size and times", async () => {
    await using at = await workspace({ "a.txt": "one" });
    const { atime, mtime } = await lstat(at.at("a.txt"));
    execFileSync("sh", [
      "-c",
      `printf two > "$1"; touch -d "$2" "$1"`,
      "-",
      at.at("a.txt"),
      mtime.toISOString(),
    ]);
    expect(atime).toBeInstanceOf(Date);
    expect(await at.changes()).toEqual({ ...NOTHING, modified: ["a.txt"], contents: { "a.txt": "two" } });
  });

  test("leaves out new files that do not count, and never those that were uploaded", async () => {
    await using at = await workspace({ "ignored/up.txt": "one" });
    await writeFile(at.at("ignored/up.txt"), "two");
    await writeFile(at.at("ignored/new.txt"), "new");
    await symlink("/etc", at.at("ignored/link"));
    await writeFile(at.at("kept.txt"), "kept");
    expect(await at.changes((path) => !path.startsWith("ignored/"))).toEqual({
      ...NOTHING,
      added: ["kept.txt"],
      modified: ["ignored/up.txt"],
      contents: { "kept.txt": "kept", "ignored/up.txt": "two" },
    });
  });

  test("compares with the latest upload", async () => {
    await using at = await workspace({
      "a.txt": "one",
      "b.txt": "b",
      "c/d.txt": "d",
      "c/e.txt": "e",
      f: "f",
    });
    await writeFile(at.at("a.txt"), "two");
    await at.put({ "a.txt": "two", c: "now a file", "f/g.txt": "now a folder" }, ["b.txt", "never/was"]);
    expect(await readFile(at.at("c"), "utf8")).toBe("now a file");
    expect(await at.changes()).toEqual(NOTHING);
  });

  test("skips links, pipes and what has no proper name, and follows none of them", async () => {
    await using at = await workspace({ "a.txt": "one", "dir/b.txt": "two" });
    await rm(at.at("a.txt"));
    await symlink("/etc/hostname", at.at("a.txt"));
    await rename(at.at("dir"), at.at("moved"));
    await symlink("moved", at.at("dir"));
    execFileSync("mkfifo", [at.at("pipe")]);
    execFileSync("sh", [
      "-c",
      `cd "$1" && touch "$(printf 'bad\\377')" && mkdir .git && touch .git/config`,
      "-",
      at.at(""),
    ]);
    expect(await at.changes()).toEqual({
      added: ["moved/b.txt"],
      modified: [],
      deleted: ["dir/b.txt"],
      skipped: [
        { path: "a.txt", reason: "not_a_file" },
        { path: "bad\ufffd", reason: "bad_name" },
        { path: "dir", reason: "not_a_file" },
        { path: "pipe", reason: "not_a_file" },
      ],
      contents: { "moved/b.txt": "two" },
    });
  });

  test("never writes or removes through links that commands made", async () => {
    await using outside = await temporaryFolder();
    await writeFile(join(outside.path, "precious"), "untouched");
    await using at = await workspace({ "dir/precious": "one", file: "two", "hard.txt": "three" });
    await rm(at.at("dir"), { recursive: true });
    await symlink(outside.path, at.at("dir"));
    await rm(at.at("file"));
    await symlink(join(outside.path, "precious"), at.at("file"));
    await rm(at.at("hard.txt"));
    await link(join(outside.path, "precious"), at.at("hard.txt"));
    await symlink(outside.path, at.at("gone"));

    await at.put({}, ["gone/precious"]);
    expect(await readlink(at.at("gone"))).toBe(outside.path);
    await at.put({ "dir/precious": "in", file: "in", "hard.txt": "in" }, ["gone"]);

    expect(await readFile(join(outside.path, "precious"), "utf8")).toBe("untouched");
    expect(await readdir(outside.path)).toEqual(["precious"]);
    expect((await readdir(at.at(""))).sort()).toEqual(["dir", "file", "hard.txt"]);
    expect(await at.changes()).toEqual(NOTHING);
  });

  test("hands out no more than its limits", async () => {
    await using at = await workspace({ "a.txt": "one" }, { files: 3, fileBytes: 10, totalBytes: 25 });
    await writeFile(at.at("a.txt"), "x".repeat(11));
    await writeFile(at.at("b.txt"), "x".repeat(10));
    await writeFile(at.at("c.txt"), "x".repeat(10));
    expect(await at.changes()).toEqual({
      added: ["b.txt", "c.txt"],
      modified: [],
      deleted: [],
      skipped: [{ path: "a.txt", reason: "too_large" }],
      contents: { "b.txt": "x".repeat(10), "c.txt": "x".repeat(10) },
    });
    await writeFile(at.at("a.txt"), "x".repeat(6));
    await expect(at.changes()).rejects.toMatchObject({
      code: "payload_too_large",
      message: "The files that commands changed are larger than 25 bytes together.",
    });
    await writeFile(at.at("d.txt"), "");
    await expect(at.changes()).rejects.toMatchObject({
      code: "payload_too_large",
      message: "Commands changed 4 files; at most 3 are handed out.",
    });
  });
});
