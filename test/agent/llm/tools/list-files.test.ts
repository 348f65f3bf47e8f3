/** What a model sees of the tree: paths, or folders with counts where paths would be too many. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Workspace } from "../../../../src/workspace/workspace.ts";
import type { Files } from "../../../support/forge/import.ts";
import { type LocalForge, startForge } from "../../../support/forge/server.ts";
import { open, TOKENS } from "../../../support/open.ts";
import { answer, call } from "../../../support/tool-calls.ts";

let forge: LocalForge;
let small: Workspace;
let repositories = 0;

beforeAll(async () => {
  forge = await startForge({ tokens: TOKENS });
  small = await workspaceOf({
    "README.md": "x\n",
    "src/a.ts": "x\n",
    "src/a.test.ts": "x\n",
    "src/lib/b.ts": "x\n",
    "src/(id)/page.ts": "x\n",
    "src/link": { mode: "120000", content: "a.ts" },
    run: { mode: "100755", content: "x\n" },
  });
});
afterAll(() => forge.close());

async function workspaceOf(files: Files): Promise<Workspace> {
  repositories++;
  return (await open(await forge.addRepository(`octo/list-${repositories}`, { files }))).workspace;
}

const list = (args: Record<string, unknown>, workspace = small) => answer({ workspace }, "list_files", args);

function numbered(folder: string, amount: number): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: amount }, (_, index) => [`${folder}/${String(index).padStart(4, "0")}.txt`, "x\n"]),
  );
}

test("lists all files, in git's order, with what is no file marked", async () => {
  const { outcome } = await call({ workspace: small }, "list_files", {});
  expect(outcome).toEqual({
    status: "ok",
    text: "7 files in the repository:\nREADME.md\nrun\nsrc/(id)/page.ts\nsrc/a.test.ts\nsrc/a.ts\nsrc/lib/b.ts\nsrc/link (symbolic link)",
    message: "Listed 7 files in the repository.",
  });
});

test.each([
  [{ path: "src/lib" }, '1 file in "src/lib":\nsrc/lib/b.ts'],
  [{ path: "./src/lib/" }, '1 file in "src/lib":\nsrc/lib/b.ts'],
  [{ path: "/src/lib" }, '1 file in "src/lib":\nsrc/lib/b.ts'],
  [{ glob: "*.test.ts" }, '1 file matching "*.test.ts" in the repository:\nsrc/a.test.ts'],
  [{ path: ".", glob: "*.md" }, '1 file matching "*.md" in the repository:\nREADME.md'],
  [{ path: "src", glob: "lib/*" }, '1 file matching "lib/*" in "src":\nsrc/lib/b.ts'],
  [{ path: "src", glob: "src/lib/*" }, '1 file matching "src/lib/*" in "src":\nsrc/lib/b.ts'],
  [{ path: "src/(id)", glob: "./*.ts" }, '1 file matching "./*.ts" in "src/(id)":\nsrc/(id)/page.ts'],
  [{ path: "README.md" }, '"README.md" is a file, not a folder. Read it with read_file.'],
  [{ path: "src/link" }, '"src/link" is a symbolic link, not a folder.'],
  [
    { path: "src", glob: "*.py" },
    'No path in "src" matches the glob "*.py". A glob without a slash matches names at any depth; one with a slash starts at the root.',
  ],
])("%j", async (args, told) => {
  expect(await list(args)).toBe(`ok: ${told}`);
});

test("answers a missing folder with what is like it", async () => {
  expect(await list({ path: "srcs" })).toBe(
    'error: There is no file or folder "srcs"; paths are relative to the repository\'s root. Similar: "src".',
  );
  expect(await list({ path: "rsc", glob: "*.ts" })).toContain('Similar: "src".');
  expect(await list({ path: "src/libs" })).toContain('Similar: "src/lib".');
  expect(await list({ path: "src/qqq" })).toContain(
    'Nothing has a similar name; list_files with path "src" shows',
  );
});

test("a glob that cannot be matched is refused", async () => {
  expect(await list({ glob: "" })).toContain("error: A glob must have 1 to 300 characters.");
  expect(await list({ glob: "*".repeat(301) })).toContain("error: A glob must have 1 to 300 characters.");
  expect(await list({ glob: "!(a)" })).toContain('error: "**/!(a)" is not a glob that can be matched.');
});

test("an empty repository is told as such", async () => {
  const workspace = await workspaceOf({ "a.txt": "x\n" });
  await workspace.delete("a.txt");
  expect(await list({}, workspace)).toBe("ok: The repository has no files.");
});

test("folders with too much in them stand for it, small ones are opened first", async () => {
  const workspace = await workspaceOf({
    ...numbered("big/deep", 500),
    ...numbered("big/flat", 30),
    ...numbered("d-large", 390),
    ...numbered("middle", 350),
    ...numbered("a/long/way/down", 3),
    "z.txt": "x\n",
  });
  const told = (await list({}, workspace)).split("\n");
  expect(told[0]).toBe(
    "ok: 1274 files in the repository; a folder that ends in a count is not shown in full, list it to see into it:",
  );
  expect(told.slice(1)).toEqual([
    ...Object.keys(numbered("a/long/way/down", 3)),
    "big/deep/ (500 files)",
    ...Object.keys(numbered("big/flat", 30)),
    "d-large/ (390 files)",
    ...Object.keys(numbered("middle", 350)),
    "z.txt",
  ]);
  expect((await list({ path: "big" }, workspace)).split("\n").slice(1)).toEqual([
    "big/deep/ (500 files)",
    ...Object.keys(numbered("big/flat", 30)),
  ]);
});

test("of one folder with too many files the first are listed, and how many more there are", async () => {
  const workspace = await workspaceOf(numbered("flat", 1_000));
  const told = (await list({ path: "flat" }, workspace)).split("\n");
  expect(told[0]).toBe(
    'ok: 1000 files in "flat"; 600 more are not shown, name a folder or a glob to see them:',
  );
  expect(told.slice(1)).toEqual(Object.keys(numbered("flat", 400)));
});

test("long paths count by their length too", async () => {
  const folder = Array.from({ length: 12 }, () => "n".repeat(80)).join("/");
  const workspace = await workspaceOf({ ...numbered(`a/${folder}`, 100), ...numbered(folder, 100) });
  expect(await list({}, workspace)).toBe(
    `ok: 200 files in the repository; a folder that ends in a count is not shown in full, list it to see into it:\na/${folder}/ (100 files)\n${folder}/ (100 files)`,
  );
  const told = await list({ path: folder }, workspace);
  expect(told.length).toBeLessThan(30_300);
  expect(told).toMatch(/; 70 more are not shown, name a folder or a glob to see them:\n/);
});
