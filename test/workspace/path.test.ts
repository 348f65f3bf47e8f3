/** Attacks 5, 6 and 7: paths that lead out of the tree, into `.git`, or through a link. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkWritePath } from "../../src/workspace/path.ts";
import { type ForgeRepository, type LocalForge, startForge } from "../support/forge/server.ts";
import { open, TOKENS } from "../support/open.ts";

let forge: LocalForge;
let repository: ForgeRepository;

beforeAll(async () => {
  forge = await startForge({ tokens: TOKENS });
  repository = await forge.addRepository("octo/links", {
    files: {
      "file.txt": "x\n",
      "folder/inside.txt": "y\n",
      ln: { mode: "120000", content: "/etc" },
      "sub/ln": { mode: "120000", content: "../folder" },
    },
  });
});
afterAll(() => forge.close());

const ESCAPES = [
  "../x",
  "a/../x",
  "..",
  ".",
  "./x",
  "a/./b",
  "/etc/x",
  "//x",
  "C:/x",
  "c:\\x",
  "a\\..\\x",
  "a\\b",
  "",
  "a//b",
  "a/",
  "nul\0byte",
  "new\nline",
  "carriage\rreturn",
  "tab\tname",
  "escape\u001b[31m",
  "c1\u0085",
  "line\u2028sep",
  "bidi\u202egnp.exe",
  "isolate\u2066x",
  "zero\u200bwidth",
  "joiner\u200dx",
  "mark\ufeffx",
  "soft\u00adhyphen",
  "__proto__",
  "a/__proto__/b",
  "lone\ud800surrogate",
  "x".repeat(5000),
  `${"x".repeat(256)}/y`,
  `${"é".repeat(130)}`,
] as const;

test.each(ESCAPES)("attack 5: writing to %j is refused", (path) => {
  expect(() => checkWritePath(path)).toThrow(expect.objectContaining({ code: "path_refused" }));
});

const DOT_GIT = [
  ".git",
  ".git/config",
  ".GIT/config",
  ".Git/hooks/pre-commit",
  "a/.git/config",
  "a/.git",
  "git~1/config",
  "GIT~1",
  "git~2/x",
  ".git./config",
  ".git /config",
  ".git . ./config",
  ".git::$INDEX_ALLOCATION/config",
  ".git:stream",
  ".g\u200cit/config",
  ".\u200egit/config",
  ".gi\ufefft/config",
  ".g\u206ait/x",
  "a/b/.GIT ",
  ".git..",
] as const;

test.each(DOT_GIT)("attack 6: writing to %j is refused", (path) => {
  expect(() => checkWritePath(path)).toThrow(expect.objectContaining({ code: "path_refused" }));
});

const FINE = [
  "a",
  ".gitignore",
  ".gitattributes",
  ".github/x",
  "git",
  "a.git/x",
  "git~x",
  ".gitx/y",
  "constructor",
  "prototype",
  "a b/c d",
  "ünï/日本.txt",
  "emoji-😀",
  "-x",
  "~",
  "a..b",
  "...",
  "..a",
  "%2e%2e/x",
  "con",
  "'quoted' \"name\"",
  "x".repeat(255),
] as const;

test.each(FINE)("writing to %j is fine", (path) => {
  expect(() => checkWritePath(path)).not.toThrow();
});

test("every way to write goes through the check", async () => {
  const { workspace } = await open(repository);
  for (const bad of ["../x", ".git/config", "a\nb"]) {
    await expect(workspace.write(bad, "x")).rejects.toMatchObject({ code: "path_refused" });
    await expect(workspace.move("file.txt", bad)).rejects.toMatchObject({ code: "path_refused" });
  }
  expect(await workspace.changes()).toEqual([]);
});

test("attack 7: nothing is written through a link, a file or onto a folder", async () => {
  const { workspace } = await open(repository);
  for (const path of ["ln/passwd", "ln", "sub/ln/inside.txt", "file.txt/below"]) {
    await expect(workspace.write(path, "x"), path).rejects.toMatchObject({ code: "path_refused" });
  }
  await expect(workspace.write("ln/passwd", "x")).rejects.toMatchObject({
    message: '"ln/passwd" cannot be written: "ln" is a symlink.',
  });
  await expect(workspace.write("folder", "x")).rejects.toMatchObject({ code: "not_a_file" });
  await expect(workspace.move("file.txt", "ln/file.txt")).rejects.toMatchObject({ code: "path_refused" });
  await expect(workspace.move("file.txt", "folder")).rejects.toMatchObject({ code: "file_exists" });
  await expect(workspace.move("folder", "folder/below")).rejects.toMatchObject({ code: "path_refused" });
  await expect(workspace.move("nothing", "x")).rejects.toMatchObject({ code: "file_not_found" });
  await expect(workspace.delete("nothing")).rejects.toMatchObject({ code: "file_not_found" });
  await expect(workspace.delete("")).rejects.toMatchObject({ code: "file_not_found" });
  expect(await workspace.changes()).toEqual([]);
});

test("a link may be deleted, and a file then written in its place", async () => {
  const { workspace } = await open(repository);
  await workspace.delete("ln");
  await workspace.write("ln/passwd", "harmless\n");
  expect((await workspace.list({ path: "ln" })).map(({ path }) => path)).toEqual(["ln/passwd"]);
});

test("edits that are too large are refused with the bound", async () => {
  const { workspace } = await open(repository);
  await expect(workspace.write("big", new Uint8Array(9 * 1024 * 1024))).rejects.toMatchObject({
    code: "edit_too_large",
  });
  await workspace.write("one", new Uint8Array(8 * 1024 * 1024));
  await workspace.write("two", new Uint8Array(8 * 1024 * 1024));
  await expect(workspace.write("three", "x")).rejects.toMatchObject({ code: "edit_too_large" });
  await workspace.write("two", "smaller");
  await workspace.write("three", "x");
});
