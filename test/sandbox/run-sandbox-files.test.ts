/** Files that are no good for a run's sandbox, in and out: what is left out is told, and nothing of it is lost. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { ServiceError } from "../../src/errors.ts";
import type { RunnerClient } from "../../src/sandbox/client.ts";
import type { Workspace } from "../../src/workspace/workspace.ts";
import { createMemoryWorkspace } from "../support/memory-workspace.ts";
import { clientFor, run, sandboxFor, startProcessRunner } from "../support/run-sandboxes.ts";
import type { StartedRunner } from "../support/sandbox-runner.ts";

let runner: StartedRunner;
let client: RunnerClient;
const { signal } = new AbortController();

beforeAll(async () => {
  runner = await startProcessRunner();
  client = clientFor(runner);
});
afterAll(() => runner.close());

test("a file over the bound for one file does not travel, is not replaced, and may be moved and deleted", async () => {
  const files = { "a.txt": "a\n", "big.bin": "x".repeat(2000), "huge.bin": "y".repeat(3000) };
  const workspace = createMemoryWorkspace(files, { maxReadBytes: 1000 });
  await using stack = new AsyncDisposableStack();
  const sandbox = sandboxFor(client, workspace);
  stack.defer(() => sandbox.close());
  const first = await run(sandbox, "test -f big.bin || echo stub > big.bin; echo b > a.txt; ls");
  expect([first.said, first.leftOut, first.takenBack.changed, first.takenBack.refused]).toEqual([
    "a.txt\nbig.bin\n",
    { links: 0, names: 0, large: 2 },
    ["a.txt"],
    ['"big.bin" was left as it is: the sandbox did not have it.'],
  ]);
  await workspace.move("big.bin", "data/big.bin");
  await workspace.delete("huge.bin");
  const second = await run(sandbox, "mkdir -p data; echo stub | tee data/big.bin > huge.bin; ls");
  expect([second.said, second.leftOut, second.takenBack.changed, second.takenBack.refused]).toEqual([
    "a.txt\ndata\nhuge.bin\n",
    { links: 0, names: 0, large: 1 },
    ["huge.bin"],
    ['"data/big.bin" was left as it is: the sandbox did not have it.'],
  ]);
  expect(workspace.snapshot()).toEqual({
    "a.txt": "b\n",
    "data/big.bin": files["big.bin"],
    "huge.bin": "stub\n",
  });
});

test("a link, a file that is too large and a name that is not UTF-8 are named, and delete nothing", async () => {
  const workspace = createMemoryWorkspace({ "a.txt": "a\n", "b.txt": "b\n", "x/y": "y\n", "z/y": "y\n" });
  await using stack = new AsyncDisposableStack();
  const sandbox = sandboxFor(client, workspace);
  stack.defer(() => sandbox.close());
  const { takenBack } = await run(
    sandbox,
    `ln -sf b.txt a.txt; rm -r x z; ln -s /tmp x; truncate -s 70000000 b.txt; echo n > "$(printf 'n\\377')"`,
  );
  expect([takenBack.changed, takenBack.refused]).toEqual([
    ["z/y"],
    [
      'What the command left at "a.txt", "x" was not taken over: it is a link or no regular file.',
      'What the command left at "b.txt" was not taken over: it is too large.',
      'What the command left at "n\ufffd" was not taken over: its name is too long or not UTF-8.',
    ],
  ]);
  expect(workspace.snapshot()).toEqual({ "a.txt": "a\n", "b.txt": "b\n", "x/y": "y\n" });
});

test("a repository that cannot be read for the sandbox is told as such, but for a wait", async () => {
  const workspace = createMemoryWorkspace({ "a.txt": "a\n" });
  const failing = (error: ServiceError): Workspace => ({
    ...workspace,
    readAll: async function* () {
      yield* workspace.readAll();
      throw error;
    },
  });
  const unavailable = new ServiceError("forge_unavailable", "It answered with 502.");
  const sandbox = sandboxFor(client, failing(unavailable));
  await expect(run(sandbox, "true")).rejects.toMatchObject({
    problem: "unreadable",
    message: "The repository could not be read for the sandbox. It answered with 502.",
  });
  expect((await sandbox.commands.run("true", signal).next()).value).toEqual({
    exitCode: null,
    ended:
      "could not be run: The repository could not be read for the sandbox. It answered with 502. Go on without it",
  });
  const limited = new ServiceError("rate_limited", "Too many requests.", { retryAt: 1 });
  await expect(run(sandboxFor(client, failing(limited)), "true")).rejects.toBe(limited);
});

test("what a command changed is left out when the repository cannot be read to compare it", async () => {
  const workspace = createMemoryWorkspace({ "a.txt": "a\n" });
  const unavailable = new ServiceError("forge_unavailable", "It answered with 502.");
  const sandbox = sandboxFor(client, { ...workspace, prefetch: () => Promise.reject(unavailable) });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => sandbox.close());
  const { end, takenBack, notTaken } = await run(sandbox, "echo b > a.txt");
  expect([end.exit_code, takenBack.changed, notTaken]).toEqual([
    0,
    [],
    "What the command changed was not taken over: the repository could not be read. It answered with 502.",
  ]);
});
