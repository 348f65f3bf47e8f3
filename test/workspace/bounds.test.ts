/** Attacks 20 and 21 at the workspace, and what a broken or hostile git server can send. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { DEFAULT_WORKSPACE_LIMITS } from "../../src/workspace/limits.ts";
import { createPackScanner } from "../../src/workspace/pack-scanner.ts";
import { BOMBS } from "../support/bombs.ts";
import { type ForgeRepository, type LocalForge, startForge } from "../support/forge/server.ts";
import { open, TOKENS } from "../support/open.ts";
import { fetchAnswer, packOf, pktLine } from "../support/packs.ts";
import { treeBomb } from "../support/tree-bomb.ts";

let forge: LocalForge;
let repository: ForgeRepository;

beforeAll(async () => {
  forge = await startForge({ tokens: TOKENS });
  repository = await forge.addRepository("octo/plain", { files: { "a.txt": "a\n", "b/c.txt": "c\n" } });
});
afterAll(() => forge.close());

test.each(BOMBS)("attack 20: $name is refused while it streams in", async ({ pack, code }) => {
  const body = fetchAnswer(pack());
  const fault = forge.faults.add({
    match: { service: "upload-pack", nth: 2 },
    action: { status: 200, body },
  });
  await expect(open(repository)).rejects.toMatchObject({ code });
  expect(fault.hits).toBe(1);
  fault.remove();
});

test("a pack over the bound on the wire is stopped there", async () => {
  const limits = { ...DEFAULT_WORKSPACE_LIMITS, packBytes: 100 };
  await expect(open(repository, { limits })).rejects.toMatchObject({
    code: "pack_too_large",
    message: "The repository is too large to work on: what the git server sends is over 100 bytes.",
  });
});

test("the scanner finds the same in a pack however it is cut into chunks", () => {
  const content = Buffer.from("tree\n".repeat(20_000));
  const pack = packOf([
    { type: 1, content: Buffer.from("commit") },
    { type: 2, content },
    { type: 3, content: Buffer.from("blob") },
    { type: 2, content: Buffer.from([...[0xa0, 0x8d, 0x06], 5, 0x90, 5]), deltaOn: 2 },
  ]);
  for (const size of [1, 2, 3, 7, 100, 65_515, pack.length]) {
    const scanner = createPackScanner(DEFAULT_WORKSPACE_LIMITS, new Set(["commit", "tree"]));
    for (let at = 0; at < pack.length; at += size) scanner.push(pack.subarray(at, at + size));
    scanner.end();
    expect([...scanner.kept].map(({ type, bytes }) => [type, Buffer.from(bytes).toString()])).toEqual([
      ["commit", "commit"],
      ["tree", content.toString()],
      ["tree", "tree\n"],
    ]);
    expect([scanner.seen, scanner.declared, scanner.keptAll, scanner.bytes]).toEqual([
      4,
      4,
      false,
      pack.length,
    ]);
  }
});

test("attack 21: a tree of a billion paths in a few objects is refused after one fetch", async () => {
  const bomb = await forge.addRepository("octo/tree-bomb", { setup: treeBomb });
  forge.log.clear();
  await expect(open(bomb)).rejects.toMatchObject({
    code: "tree_too_large",
    message: "The repository is too large to work on: its tree has more than 400000 files.",
  });
  expect(forge.log.lines()).toHaveLength(2);
});

test("progress is told while bytes arrive, not when they are all there", async () => {
  const files = Object.fromEntries(
    Array.from({ length: 3000 }, (_, i) => [`folder-${i}/file-${i}.txt`, `${i}\n`]),
  );
  const many = await forge.addRepository("octo/many", { files });
  const gate = Promise.withResolvers<void>();
  // Past the end of at least one packet, which has 65,520 bytes at most.
  const action = { hold: gate.promise, at: { afterBytes: 100_000 } };
  const fault = forge.faults.add({ match: { service: "upload-pack", nth: 2 }, action });
  const told = Promise.withResolvers<{ bytes: number; objects: number; totalObjects: number }>();
  const opening = open(many, { onProgress: told.resolve });
  const { bytes, objects, totalObjects } = await told.promise;
  expect(bytes).toBeGreaterThan(0);
  expect(objects).toBeLessThan(totalObjects);
  expect(totalObjects).toBe(3002);
  gate.resolve();
  expect((await opening).fileCount).toBe(3000);
  fault.remove();
});

test("a pack that is cut is asked for once more", async () => {
  const fault = forge.faults.add({
    match: { service: "upload-pack", nth: 2 },
    action: { cutAfterBytes: 150 },
  });
  const { fileCount } = await open(repository);
  expect(fileCount).toBe(2);
  expect(fault.hits).toBe(1);
});

test("a pack that is cut each time is a network error that may be retried", async () => {
  const fault = forge.faults.add({ match: { service: "upload-pack" }, action: { cutAfterBytes: 150 } });
  await expect(open(repository)).rejects.toMatchObject({ code: "network_error", retryable: true });
  fault.remove();
});

test.each([
  ["a web page", Buffer.from("<html>Sign in</html>")],
  ["nothing", Buffer.alloc(0)],
  ["an error packet", pktLine("ERR upload-pack: not our ref\n")],
  ["a bad length", Buffer.from("zzzzhello")],
])("a server that answers %s is told to be no git server", async (_name, body) => {
  const fault = forge.faults.add({ match: { kind: "git" }, action: { status: 200, body } });
  await expect(open(repository)).rejects.toMatchObject({ code: "git_protocol_error" });
  fault.remove();
});

test("a repository without commits and a missing branch have errors of their own", async () => {
  const empty = await forge.addRepository("octo/empty");
  await expect(open(empty)).rejects.toMatchObject({
    code: "repository_empty",
    message: "The repository has no commits yet. Push a first commit, then try again.",
  });
  await expect(open(repository, { branch: "mai" })).rejects.toMatchObject({
    code: "branch_not_found",
    message: 'The repository has no branch "mai". Check base_branch, or leave it out for the default branch.',
  });
});
