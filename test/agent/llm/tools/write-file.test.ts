/** Whole files: new ones, and what becomes of the encoding and line endings of those that are replaced. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Workspace } from "../../../../src/workspace/workspace.ts";
import { type ForgeRepository, type LocalForge, startForge } from "../../../support/forge/server.ts";
import { open, TOKENS } from "../../../support/open.ts";
import { answer, call } from "../../../support/tool-calls.ts";

let forge: LocalForge;
let repository: ForgeRepository;

beforeAll(async () => {
  forge = await startForge({ tokens: TOKENS });
  repository = await forge.addRepository("octo/writes", {
    files: {
      "a.txt": "one\n",
      "crlf.txt": "one\r\n",
      "bom.txt": "\ufeffone\n",
      "latin1.txt": Buffer.from("caf\xe9\n", "latin1"),
      "utf16le.txt": Buffer.from("\ufeffone\n", "utf16le"),
      "utf16be.txt": Buffer.from("\ufeffone\n", "utf16le").swap16(),
      "image.png": Buffer.from([0x89, 0, 1]),
      "large.bin": Buffer.alloc(9_000_000, "x"),
      "folder/inside.txt": "x\n",
      link: { mode: "120000", content: "a.txt" },
      run: { mode: "100755", content: "x\n" },
    },
  });
});
afterAll(() => forge.close());

async function write(path: string, content: string, isProtected?: (path: string) => boolean) {
  const { workspace } = await open(repository);
  const options = { workspace, ...(isProtected === undefined ? {} : { isProtected }) };
  return { told: await answer(options, "write_file", { path, content }), workspace };
}

const bytesAt = async (workspace: Workspace, path: string) => Buffer.from(await workspace.read(path));

test("creates a file with exactly the content, folders and all", async () => {
  const { workspace } = await open(repository);
  const content = "\ufeff$& é\r\nlast\n\n";
  const { outcome } = await call({ workspace }, "write_file", { path: "./new/deep/b.txt", content });
  expect(outcome).toEqual({
    status: "ok",
    text: 'Created "new/deep/b.txt" (3 lines, 16 bytes).',
    message: 'Created "new/deep/b.txt" (3 lines, 16 bytes).',
    paths: ["new/deep/b.txt"],
  });
  expect(await bytesAt(workspace, "new/deep/b.txt")).toEqual(Buffer.from(content));
});

test.each([
  ["a.txt", "two", "two", 'Replaced "a.txt" (1 line, 3 bytes).'],
  ["run", "two\n", "two\n", 'Replaced "run" (1 line, 4 bytes).'],
  ["a.txt", "", "", 'Replaced "a.txt" (0 lines, 0 bytes).'],
  [
    "crlf.txt",
    "two\n",
    "two\n",
    'Replaced "crlf.txt" (1 line, 4 bytes). Its line endings were CRLF; the content has LF.',
  ],
  ["crlf.txt", "two\r\n", "two\r\n", 'Replaced "crlf.txt" (1 line, 5 bytes).'],
  [
    "bom.txt",
    "two\n",
    "two\n",
    'Replaced "bom.txt" (1 line, 4 bytes). The byte order mark it began with is gone.',
  ],
  ["bom.txt", "\ufefftwo\n", "\ufefftwo\n", 'Replaced "bom.txt" (1 line, 7 bytes).'],
  [
    "latin1.txt",
    "né\n",
    Buffer.from("n\xe9\n", "latin1"),
    'Replaced "latin1.txt" (1 line, 3 bytes). It stays in Windows-1252 (Latin-1); delete it first to have it written as UTF-8.',
  ],
  [
    "latin1.txt",
    "n→\n",
    "n→\n",
    'Replaced "latin1.txt" (1 line, 5 bytes). It was in Windows-1252 (Latin-1), which cannot hold the content, and is UTF-8 now.',
  ],
  [
    "utf16le.txt",
    "→\n",
    Buffer.from("\ufeff→\n", "utf16le"),
    'Replaced "utf16le.txt" (1 line, 6 bytes). It stays in UTF-16 (little-endian); delete it first to have it written as UTF-8.',
  ],
  [
    "utf16le.txt",
    "\ufeff→\n",
    Buffer.from("\ufeff→\n", "utf16le"),
    'Replaced "utf16le.txt" (1 line, 6 bytes). It stays in UTF-16 (little-endian); delete it first to have it written as UTF-8.',
  ],
  [
    "utf16be.txt",
    "→\n",
    Buffer.from("\ufeff→\n", "utf16le").swap16(),
    'Replaced "utf16be.txt" (1 line, 6 bytes). It stays in UTF-16 (big-endian); delete it first to have it written as UTF-8.',
  ],
  ["image.png", "text\n", "text\n", 'Replaced "image.png" (1 line, 5 bytes). The file before was binary.'],
  ["large.bin", "text\n", "text\n", 'Replaced "large.bin" (1 line, 5 bytes).'],
])("replaces %s with %j", async (path, content, bytes, told) => {
  const written = await write(path, content);
  expect(written.told).toBe(`ok: ${told}`);
  expect(await bytesAt(written.workspace, path)).toEqual(Buffer.from(bytes as string));
  expect(await written.workspace.entry(path)).toEqual({ path, kind: path === "run" ? "executable" : "file" });
});

test("writing what is there already changes nothing, and says so", async () => {
  const { told, workspace } = await write("latin1.txt", "café\n");
  expect(told).toBe('ok: "latin1.txt" already has exactly this content; nothing changed.');
  expect(await workspace.changes()).toEqual([]);
});

test.each([
  ["folder", "x", '"folder" is a folder.'],
  ["link", "x", '"link" cannot be written: it is a symlink. Paths are relative to'],
  ["a.txt/b", "x", '"a.txt/b" cannot be written: "a.txt" is a file. Paths are relative to'],
  ["a.txt", "half \ud83d", "content has half of a surrogate pair. Nothing was written."],
  [
    "../a.txt",
    "x",
    'The path "../a.txt" has a ".." in it. Paths are relative to the repository\'s root, with / between folders.',
  ],
])("refuses to write %s with %j", async (path, content, reason) => {
  const { told, workspace } = await write(path, content);
  expect(told).toContain(`error: ${reason}`);
  expect(await workspace.changes()).toEqual([]);
});

test("a new protected file is written, and what becomes of it is told", async () => {
  const path = ".github/workflows/new.yml";
  const { told, workspace } = await write(path, "on: push\n", (one) => one === path);
  expect(told).toBe(
    `ok: Created "${path}" (1 line, 9 bytes).\n"${path}" is protected, and the request gave no consent to change that: this change will be left out of the pull request and attached to it as a patch. Say so in your summary.`,
  );
  expect(await workspace.readText(path)).toBe("on: push\n");
});
