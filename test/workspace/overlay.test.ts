/** Random edits against a plain map of what the files should be: listing, folders, bytes and reverts agree. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { ServiceError } from "../../src/errors.ts";
import type { SavedEdit } from "../../src/workspace/overlay.ts";
import type { Workspace } from "../../src/workspace/workspace.ts";
import { type ForgeRepository, type LocalForge, startForge } from "../support/forge/server.ts";
import { open, TOKENS } from "../support/open.ts";
import { createRandom } from "../support/random.ts";

const BASE = { "a/b/one": "1", "a/b/two": "2", "a/c": "c", "d/e/f/g": "g", top: "t" };

let forge: LocalForge;
let repository: ForgeRepository;

beforeAll(async () => {
  forge = await startForge({ tokens: TOKENS });
  repository = await forge.addRepository("octo/edits", { files: BASE });
});
afterAll(() => forge.close());

/** A folder's files in the model, or the file itself. */
function below(model: ReadonlyMap<string, string>, path: string): string[] {
  return [...model.keys()].filter((file) => file === path || file.startsWith(`${path}/`));
}

test("after any sequence of edits the workspace holds what the edits say", async () => {
  const random = createRandom(20260415);
  const names = [
    "a",
    "a/b",
    "a/b/one",
    "a/b/two",
    "a/c",
    "a/c/x",
    "d",
    "d/e/f/g",
    "d/e",
    "top",
    "top/y",
    "new/z",
  ];
  for (let round = 0; round < 40; round++) {
    const { workspace, takeEdits } = await open(repository);
    const saved = new Map<string, SavedEdit>();
    const model = new Map<string, string>(Object.entries(BASE));
    for (let step = 0; step < 30; step++) {
      const [path, other] = [random.pick(names), random.pick(names)];
      const text = `${round}.${step}`;
      const before = new Map(model);
      const kind = random.int(4);
      try {
        if (kind === 0) {
          await workspace.write(path, text);
          model.set(path, text);
        } else if (kind === 1) {
          await workspace.delete(path);
          for (const file of below(model, path)) model.delete(file);
        } else if (kind === 2) {
          await workspace.move(path, other);
          for (const file of below(before, path)) {
            model.delete(file);
            model.set(other + file.slice(path.length), before.get(file) ?? "");
          }
        } else {
          for (const { path: changed } of await workspace.changes()) workspace.revert([changed]);
          for (const { path: changed, from } of await workspace.changes())
            workspace.revert([changed, from ?? changed]);
          expect(await workspace.changes()).toEqual([]);
          for (const file of [...model.keys()]) model.delete(file);
          for (const [file, content] of Object.entries(BASE)) model.set(file, content);
          // What a rename left of its source is a deletion of its own once the target is reverted.
          expect((await workspace.list()).map((entry) => entry.path)).toEqual(Object.keys(BASE));
        }
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        expect(["file_not_found", "file_exists", "not_a_file", "path_refused"]).toContain(error.code);
      }
      if (random.int(3) === 0) for (const edit of takeEdits()) saved.set(edit.path, edit);
      const files = [...model.keys()].sort();
      expect(
        (await workspace.list()).map((entry) => entry.path),
        `${round}.${step}`,
      ).toEqual(files);
      for (const name of names) {
        const isFile = model.has(name);
        expect(await workspace.entry(name), name).toEqual(isFile ? { path: name, kind: "file" } : undefined);
      }
    }
    for (const [path, content] of model) expect(await workspace.readText(path)).toBe(content);
    for (const edit of takeEdits()) saved.set(edit.path, edit);
    await sameAgain(workspace, saved.values());
  }
});

/** Another opening with the saved edits put back holds the same, and has nothing to save. */
async function sameAgain(workspace: Workspace, saved: Iterable<SavedEdit>): Promise<void> {
  const again = await open(repository);
  again.restoreEdits(structuredClone([...saved]));
  expect(again.takeEdits()).toEqual([]);
  expect(await again.workspace.list()).toEqual(await workspace.list());
  expect(await again.workspace.diff()).toBe(await workspace.diff());
}

test("bytes of edits that are replaced, deleted or taken back are free again", async () => {
  const { workspace } = await open(repository);
  const seven = new Uint8Array(7 * 1024 * 1024);
  for (let round = 0; round < 4; round++) {
    await workspace.write("x/one", seven);
    await workspace.write("x/two", seven);
    await expect(workspace.write("x/three", seven)).rejects.toMatchObject({ code: "edit_too_large" });
    await workspace.move("x", "y");
    if (round % 2 === 0) await workspace.delete("y");
    else workspace.revert(["y/one", "y/two"]);
  }
  expect(await workspace.changes()).toEqual([]);
});

test("what is taken of the edits is what changed since it was last taken", async () => {
  const { workspace, takeEdits } = await open(repository);
  await workspace.write("a/c", "1");
  await workspace.move("d", "e");
  await workspace.delete("top");
  const bytes = (text: string) => new TextEncoder().encode(text);
  expect(takeEdits()).toEqual([
    { path: "a/c", file: { mode: "100644", content: { bytes: bytes("1") } } },
    { path: "d/e/f/g", file: "deleted" },
    { path: "e/e/f/g", file: { mode: "100644", content: { oid: expect.stringMatching(/^[0-9a-f]{40}$/) } } },
    { path: "top", file: "deleted" },
  ]);
  workspace.revert(["top", "a/c"]);
  await workspace.write("a/c", "2");
  expect(takeEdits()).toEqual([
    { path: "a/c", file: { mode: "100644", content: { bytes: bytes("2") } } },
    { path: "top", file: null },
  ]);
  expect(takeEdits()).toEqual([]);
});
