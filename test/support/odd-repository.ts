/** A repository with every kind of entry that a careless tool damages. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SUBMODULE = "1234567890123456789012345678901234567890";

interface OddEntry {
  readonly mode: "100644" | "100755" | "120000" | "160000";
  /** Raw bytes where the name is not UTF-8. */
  readonly path: string | Buffer;
  readonly content: Buffer;
}

function text(path: string | Buffer, content: string | Buffer, mode: OddEntry["mode"] = "100644"): OddEntry {
  return { mode, path, content: Buffer.isBuffer(content) ? content : Buffer.from(content) };
}

export const ODD_ENTRIES: readonly OddEntry[] = [
  text("README.md", "# Odd\n\nA repository of odd entries.\n"),
  text("bin/run", "#!/bin/sh\necho run\n", "100755"),
  text("bin/crlf.bat", "@echo off\r\necho one\r\necho two\r\n"),
  text("mixed-endings.txt", "unix\nwindows\r\nold mac\rend"),
  text("no-final-newline.txt", "one\ntwo"),
  text("empty", ""),
  text("empty-folder-keeper/.gitkeep", ""),
  text("latin1.txt", Buffer.from("caf\xe9 \xa3\nna\xefve\n", "latin1")),
  text("utf16.txt", Buffer.from("\ufeffwide\r\n", "utf16le")),
  text("utf8-bom.txt", "\ufeffwith a mark\n"),
  text("image.png", Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2, 3, 255, 254, 0])),
  text("spaces in names/a file with spaces.txt", "spaced\n"),
  text(`quotes/"double" and 'single'.txt`, "quoted\n"),
  text("back\\slash.txt", "backslash\n"),
  text("tab\there.txt", "tab\n"),
  text("line\nbreak.txt", "break\n"),
  text("ünïcödé/日本語.txt", "こんにちは\n"),
  text("decomposed-e\u0301.txt", "NFD\n"),
  text("emoji-\u{1f600}.txt", "smile\n"),
  text("\uffee-after-surrogates.txt", "sorts before emoji in bytes\n"),
  text(Buffer.from("not-utf8-\xff\xfe.txt", "latin1"), "raw name\n"),
  text(Buffer.from("not-utf8-\xe9/inside.txt", "latin1"), "raw folder\n"),
  text("link-to-file", "README.md", "120000"),
  text("link-to-nowhere", "does/not/exist", "120000"),
  text("link-to-etc", "/etc", "120000"),
  text("sub/module", SUBMODULE, "160000"),
  text("sort/a", "file a\n"),
  text("sort/a.b", "a.b\n"),
  text("sort/a-b", "a-b\n"),
  text("sort/a0", "a0\n"),
  text("sort/ab/inner", "ab/inner\n"),
  text("sort/ab.c", "ab.c\n"),
  text("sort/ab-c", "ab-c\n"),
  text("__proto__/constructor", "names that trip objects\n"),
  text("deep/a/b/c/d/e/f/g/h/i/j/file.txt", "deep\n"),
  text("long-line.txt", `${"x".repeat(200_000)}\nend\n`),
  text("-dash-first.txt", "dash\n"),
  text("src/app.py", "def main():\n    return 1\n"),
  text("src/app.js", "export function main() {\n  return 1;\n}\n"),
];

/** Makes the repository, bare, with one commit on `main`. `remove` deletes it. */
export function makeOddRepository(): { dir: string; remove: () => void } {
  const dir = mkdtempSync(join(tmpdir(), "odd-"));
  const git = (args: string[], input?: Buffer): string =>
    execFileSync("git", ["-C", dir, ...args], { ...(input === undefined ? {} : { input }), maxBuffer: 1e8 })
      .toString()
      .trim();
  git(["init", "-q", "--bare", "-b", "main"]);
  const lines = ODD_ENTRIES.map(({ mode, path, content }) => {
    const oid = mode === "160000" ? content.toString() : git(["hash-object", "-w", "--stdin"], content);
    return Buffer.concat([Buffer.from(`${mode} ${oid}\t`), Buffer.from(path), Buffer.from([0])]);
  });
  git(["update-index", "-z", "--index-info"], Buffer.concat(lines));
  const tree = git(["write-tree"]);
  const commit = git([
    "-c",
    "user.name=Odd",
    "-c",
    "user.email=odd@example.com",
    "commit-tree",
    tree,
    "-m",
    "Odd entries",
  ]);
  git(["update-ref", "refs/heads/main", commit]);
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}
