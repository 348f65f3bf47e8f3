/** A seeded sample of the replay, small enough for every test run: a generated repository, over every protocol. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RecordedEvent } from "../../src/run/events.ts";
import { DONE } from "../support/ending.ts";
import { startForge } from "../support/forge/server.ts";
import { generateRepository } from "../support/replay/generate-repository.ts";
import { judge } from "../support/replay/judge.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";
import { replayCommits } from "./replay-commits.ts";

const SEED = 20_261_122;

let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await temporaryFolder();
  await generateRepository(join(folder.path, "generated"), { seed: SEED, commits: 30 });
});
afterAll(() => folder[Symbol.asyncDispose]());

test.each([
  { protocol: "responses", chunking: "ragged" },
  { protocol: "chat", chunking: "events" },
  { protocol: "messages", chunking: "ragged" },
] as const)(
  "commits made over again by a model over $protocol become the very same trees",
  async (how) => {
    const result = await replayCommits({
      ...how,
      host: "workerd",
      seed: SEED,
      repository: join(folder.path, "generated"),
      commits: 5,
      lanes: 2,
    });
    expect(result).toEqual({
      tried: 5,
      identical: 5,
      refused: 0,
      skipped: expect.any(Object),
      calls: expect.any(Number),
      turns: expect.any(Number),
      problems: [],
    });
    expect(result.calls).toBeGreaterThan(10);
  },
  60_000,
);

test("another tree, another parent, another patch, and a run that pushed nothing would be found", async () => {
  await using forge = await startForge();
  const repository = await forge.addRepository("ann/replayed", { files: { "a.txt": "one\n" } });
  const parent = await repository.git("rev-parse", "main");
  const pushed = await repository.commit({ "a.txt": "two\n" }, { branch: "pushed" });
  const other = await repository.commit({ "a.txt": "three\n" }, { branch: "other" });
  const treeOf = (commit: string) => repository.git("rev-parse", `${commit}^{tree}`);
  const wanted = { id: pushed, parents: [parent], tree: await treeOf(pushed), subject: "Change" };
  const patch = `${await repository.git("diff", parent, pushed)}\n`;
  const verdict = (branch: string | null, more: Partial<typeof DONE> = {}, diff = patch) => {
    const time = "2026-01-01T00:00:00.000Z";
    const done: RecordedEvent = { ...DONE, seq: 1, time, status: "succeeded", branch, ...more };
    return judge(repository, wanted, [done], Buffer.from(diff));
  };
  const wrongTree = /another tree \(wanted, got\):\n:100644 100644 \w+ \w+ M\ta\.txt\ndone: /;
  expect(await verdict("pushed")).toBe("identical");
  expect(await verdict("other")).toMatch(wrongTree);
  expect(await verdict("pushed", {}, patch.replace("+two", "+three"))).toMatch(wrongTree);
  expect(await verdict("pushed", {}, patch.replace("-one", "-no"))).toMatch(
    /^Error: git apply ended with 1: /,
  );
  expect(await verdict(null, { status: "no_changes" })).toMatch(/^no_changes: done: /);

  await repository.git("branch", "--force", "moved", other);
  await repository.commit({ "a.txt": "two\n" }, { branch: "moved" });
  expect(await verdict("moved")).toBe(`its parent is ${other}`);
});
