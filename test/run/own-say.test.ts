/** What a change, or the runs before it, had a say in. */
import { expect, test } from "vitest";
import { ownSay } from "../../src/run/verify/own-say.ts";

const continues = { run_id: "x", head: { owner: "o", name: "n" }, branch: "b", base_branch: "main" };

async function said(command: string, paths: readonly string[], request: object = {}): Promise<unknown> {
  const changes = paths.map((path) => ({ path, kind: "modified", additions: 1, deletions: 1 }));
  const deps = { redact: (text: string) => text };
  return await ownSay(
    { facts: { changes }, request, deps } as unknown as Parameters<typeof ownSay>[0],
    command,
  );
}

test("files that say what a command does are told from others, and a long list of them is cut", async () => {
  expect(await said("npm test", ["src/a.ts", "app/package.json", "Makefile"])).toEqual([]);
  expect(await said("cargo test", ["Cargo.toml", "src/lib.rs"])).toEqual([
    'This change touches "Cargo.toml", which can change what "cargo test" does.',
  ]);
  const many = Array.from({ length: 7 }, (_, i) => `${i}/conftest.py`);
  expect(await said("pytest", many)).toEqual([
    'This change touches "0/conftest.py", "1/conftest.py", "2/conftest.py", "3/conftest.py", "4/conftest.py" and 2 more, which can change what "pytest" does.',
  ]);
});

test("a check that comes from a branch of earlier runs is said to, unless the request has it", async () => {
  expect(await said("true", [], { continues })).toEqual([
    "What checks it was read from the branch, as earlier runs left it.",
  ]);
  expect(await said("true", [], { continues, test_command: "true" })).toEqual([]);
});
