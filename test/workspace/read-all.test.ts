/** Reading every file of a repository: all of them, as edited or as they were, and none is kept. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { DEFAULT_WORKSPACE_LIMITS } from "../../src/workspace/limits.ts";
import type { WorkspaceFile } from "../../src/workspace/workspace.ts";
import { type ForgeRepository, type LocalForge, startForge } from "../support/forge/server.ts";
import { open, TOKENS } from "../support/open.ts";

const COUNT = 600;
const FILES = Object.fromEntries(
  Array.from({ length: COUNT }, (_, i) => [`d${i % 7}/f${String(i).padStart(3, "0")}.txt`, `${i}\n`]),
);

let forge: LocalForge;
let repository: ForgeRepository;

beforeAll(async () => {
  forge = await startForge({ tokens: TOKENS });
  repository = await forge.addRepository("octo/many", { files: { ...FILES, "large.bin": "x".repeat(5000) } });
});
afterAll(() => forge.close());

async function texts(files: AsyncIterable<WorkspaceFile>): Promise<Record<string, string | undefined>> {
  const found: Record<string, string | undefined> = {};
  for await (const { path, bytes } of files) found[path] = bytes && new TextDecoder().decode(bytes);
  return found;
}

function fetches(): number {
  return forge.log.lines({ service: "upload-pack" }).length;
}

test("every file comes once, in few requests, and is let go of again", async () => {
  const { workspace } = await open(repository);
  const before = fetches();
  expect(await texts(workspace.readAll())).toEqual({ ...FILES, "large.bin": "x".repeat(5000) });
  expect(fetches() - before).toBe(2);
  await workspace.read("d0/f000.txt");
  expect(fetches() - before).toBe(3);
});

test("with the edits, or as the base has them", async () => {
  const { workspace } = await open(repository);
  await workspace.write("d0/f000.txt", "edited\n");
  await workspace.delete("d1");
  await workspace.write("new.txt", "new\n");
  const now = await texts(workspace.readAll());
  expect([now["d0/f000.txt"], now["new.txt"], now["d1/f001.txt"]]).toEqual(["edited\n", "new\n", undefined]);
  expect(Object.keys(now)).toHaveLength(COUNT + 2 - Math.ceil(COUNT / 7));
  expect(await texts(workspace.readAll({ base: true }))).toEqual({ ...FILES, "large.bin": "x".repeat(5000) });
  expect(workspace.edits().map(({ path, stamp }) => [path, stamp !== undefined])).toContainEqual([
    "new.txt",
    true,
  ]);
});

test("one over the bound for a file comes without its bytes", async () => {
  const { workspace } = await open(repository, {
    limits: { ...DEFAULT_WORKSPACE_LIMITS, objectBytes: 4000 },
  });
  expect((await texts(workspace.readAll()))["large.bin"]).toBeUndefined();
});

test("who leaves early keeps nothing either", async () => {
  const { workspace } = await open(repository);
  for await (const { path } of workspace.readAll()) {
    expect(path).toBe("d0/f000.txt");
    break;
  }
  const before = fetches();
  await workspace.read("d0/f000.txt");
  expect(fetches() - before).toBe(1);
});
