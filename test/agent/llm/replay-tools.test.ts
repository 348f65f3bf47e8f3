/** The calls with which commits are made over again, carried out by the tools themselves: every file is the commit's, byte for byte. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { carryOut } from "../../../src/agent/llm/tools/carry-out.ts";
import { createTools } from "../../../src/agent/llm/tools/registry.ts";
import type { EntryKind, Workspace } from "../../../src/workspace/workspace.ts";
import { createMemoryWorkspace } from "../../support/memory-workspace.ts";
import { createRandom } from "../../support/random.ts";
import type { ReplayCall } from "../../support/replay/calls-for-change.ts";
import { callsForChanges } from "../../support/replay/calls-for-commit.ts";
import { changesBetween, commitsOf, type FileSide } from "../../support/replay/commit-changes.ts";
import { generateRepository } from "../../support/replay/generate-repository.ts";
import { type TemporaryFolder, temporaryFolder } from "../../support/temporary-folder.ts";

const KINDS: Readonly<Record<string, EntryKind>> = { "100644": "file", "100755": "executable" };

let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

test.each([1, 2])("a generated history is what the tools make of its calls (seed %i)", async (seed) => {
  const repository = `${folder.path}/${seed}`;
  await generateRepository(repository, { seed, commits: 25 });
  const random = createRandom(seed);
  const made = { edit_file: 0, write_file: 0, delete_file: 0, move_file: 0 };
  let commits = 0;
  for (const commit of await commitsOf(repository)) {
    const [parent] = commit.parents;
    const changes = parent === undefined ? [] : await changesBetween(repository, parent, commit.tree);
    if (typeof changes === "string") throw new Error(changes);
    const calls = callsForChanges(changes, random);
    if (typeof calls === "string") continue;
    const workspace = createMemoryWorkspace(filesOf(changes.map(({ before }) => before)));
    for (const call of calls) {
      expect(await outcomeOf(call, workspace)).toBe("ok");
      made[call.name] += 1;
    }
    expect(await contentsOf(workspace)).toEqual(
      await contentsOf(createMemoryWorkspace(filesOf(changes.map(({ after }) => after)))),
    );
    commits += 1;
  }
  expect(commits).toBeGreaterThan(20);
  for (const count of Object.values(made)) expect(count).toBeGreaterThan(0);
});

function filesOf(sides: readonly (FileSide | undefined)[]) {
  const there = sides.filter((side) => side !== undefined);
  return Object.fromEntries(
    there.map(({ path, mode, bytes }) => [path, { content: bytes, kind: KINDS[mode] ?? "symlink" }]),
  );
}

async function contentsOf(workspace: Workspace): Promise<Readonly<Record<string, string>>> {
  const contents: Record<string, string> = {};
  for (const { path, kind } of await workspace.list()) {
    contents[path] = `${kind} ${Buffer.from(await workspace.read(path)).toString("latin1")}`;
  }
  return contents;
}

/** `ok`, or what the tool said instead. */
async function outcomeOf({ name, arguments: input }: ReplayCall, workspace: Workspace): Promise<string> {
  const call = { id: "call_1", name, arguments: JSON.stringify(input) };
  const { signal } = new AbortController();
  const carriedOut = carryOut(call, TOOLS, { workspace, signal, isProtected: () => false }, Date.now);
  for (;;) {
    const step = await carriedOut.next();
    if (step.done === true) return step.value.status === "ok" ? "ok" : step.value.text;
  }
}

const TOOLS = createTools({ commands: false });
