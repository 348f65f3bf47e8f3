/** Files and folders that are deleted or get another path. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ForgeRepository, type LocalForge, startForge } from "../../../support/forge/server.ts";
import { open, TOKENS } from "../../../support/open.ts";
import { answer, call } from "../../../support/tool-calls.ts";

let forge: LocalForge;
let repository: ForgeRepository;

beforeAll(async () => {
  forge = await startForge({ tokens: TOKENS });
  repository = await forge.addRepository("octo/paths", {
    files: {
      "a.txt": "a\n",
      "docs/one.md": "1\n",
      "docs/two.md": "2\n",
      "src/b.ts": "b\n",
      link: { mode: "120000", content: "docs" },
      ...Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`many/${index}.txt`, "x\n"])),
    },
  });
});
afterAll(() => forge.close());

async function run(name: string, args: Record<string, string>, isProtected?: (path: string) => boolean) {
  const { workspace } = await open(repository);
  const options = { workspace, ...(isProtected === undefined ? {} : { isProtected }) };
  const { outcome } = await call(options, name, args);
  const changes = (await workspace.changes()).map(({ kind, path, from }) =>
    [kind, path, ...(from === undefined ? [] : [from])].join(" "),
  );
  return { outcome, changes };
}

test.each([
  ["a.txt", 'Deleted "a.txt".', ["a.txt"]],
  ["./docs/one.md", 'Deleted "docs/one.md".', ["docs/one.md"]],
  ["docs/", 'Deleted the folder "docs" with 2 files.', ["docs/one.md", "docs/two.md"]],
  ["link", 'Deleted "link".', ["link"]],
])("deletes %s", async (path, message, paths) => {
  expect(await run("delete_file", { path })).toEqual({
    outcome: { status: "ok", text: message, message, paths },
    changes: paths.map((one) => `deleted ${one}`),
  });
});

test.each([
  ["a.txt", "b/c.txt", 'Moved "a.txt" to "b/c.txt".', ["a.txt", "b/c.txt"], ["renamed b/c.txt a.txt"]],
  [
    "docs/",
    "./notes",
    'Moved the folder "docs" with 2 files to "notes".',
    ["docs/one.md", "docs/two.md", "notes/one.md", "notes/two.md"],
    ["renamed notes/one.md docs/one.md", "renamed notes/two.md docs/two.md"],
  ],
  ["link", "other", 'Moved "link" to "other".', ["link", "other"], ["renamed other link"]],
])("moves %s to %s", async (from, to, message, paths, changes) => {
  expect(await run("move_file", { from, to })).toEqual({
    outcome: { status: "ok", text: message, message, paths },
    changes,
  });
});

test("names the first hundred files of a large folder as changed", async () => {
  const deleted = await run("delete_file", { path: "many" });
  expect(deleted.outcome).toMatchObject({ text: 'Deleted the folder "many" with 150 files.' });
  expect(deleted.outcome.paths).toHaveLength(100);
  expect((await run("move_file", { from: "many", to: "lots" })).outcome.paths).toHaveLength(100);
});

test.each([
  [
    "delete_file",
    { path: "b.ts" },
    'There is no file or folder "b.ts"; paths are relative to the repository\'s root. Similar: "src/b.ts".',
  ],
  [
    "delete_file",
    { path: "doc" },
    'There is no file or folder "doc"; paths are relative to the repository\'s root. Similar: "docs".',
  ],
  ["delete_file", { path: "." }, "Name a file or a folder: the repository as a whole is not deleted."],
  [
    "delete_file",
    { path: "link/one.md" },
    'There is no file or folder "link/one.md": "link" is a symbolic link, which is not followed.',
  ],
  [
    "move_file",
    { from: "b.ts", to: "c.ts" },
    'There is no file or folder "b.ts"; paths are relative to the repository\'s root. Similar: "src/b.ts".',
  ],
  ["move_file", { from: "", to: "c.ts" }, "Name a file or a folder to move."],
  [
    "move_file",
    { from: "a.txt", to: "src" },
    '"src" is a folder. Give the whole new path, the name included: "src/a.txt".',
  ],
  [
    "move_file",
    { from: "a.txt", to: "new/" },
    '"new/" is a folder. Give the whole new path, the name included: "new/a.txt".',
  ],
  [
    "move_file",
    { from: "src/b.ts", to: "." },
    '"." is a folder. Give the whole new path, the name included: "b.ts".',
  ],
  [
    "move_file",
    { from: "a.txt", to: "src/b.ts" },
    '"src/b.ts" is there already; delete it first or choose another name.',
  ],
  [
    "move_file",
    { from: "docs", to: "docs" },
    '"docs" cannot be moved into itself. Paths are relative to the repository\'s root, with / between folders.',
  ],
  [
    "move_file",
    { from: "docs", to: "docs/old" },
    '"docs" cannot be moved into itself. Paths are relative to the repository\'s root, with / between folders.',
  ],
])("%s %j is refused, and nothing changes", async (name, args, text) => {
  const { outcome, changes } = await run(name, args as Record<string, string>);
  expect([outcome.status, outcome.text, changes]).toEqual(["error", text, []]);
});

test("of what is protected in a folder, or would be in the new one, what becomes of it is told", async () => {
  const note = (which: string) =>
    `\n${which} protected, and the request gave no consent to change that: this change will be left out of the pull request and attached to it as a patch. Say so in your summary.`;
  const isProtected = (path: string) => path.startsWith("docs/") || path.startsWith(".github/");
  const deleted = await run("delete_file", { path: "docs" }, isProtected);
  expect(deleted.outcome.text).toBe(
    `Deleted the folder "docs" with 2 files.${note('"docs/one.md" and 1 more are')}`,
  );
  const moved = await run("move_file", { from: "a.txt", to: ".github/workflows/a.yml" }, isProtected);
  expect(moved.outcome.text).toBe(
    `Moved "a.txt" to ".github/workflows/a.yml".${note('".github/workflows/a.yml" is')}`,
  );
  expect(
    await answer({ workspace: (await open(repository)).workspace }, "delete_file", { path: "docs" }),
  ).toBe('ok: Deleted the folder "docs" with 2 files.');
});
