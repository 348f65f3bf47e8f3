/** A run's sandbox on a real runner: it has the workspace as it is, and what commands change comes back. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RunnerClient } from "../../src/sandbox/client.ts";
import { endingWords, ranOutOfRunTime } from "../../src/sandbox/ending-words.ts";
import { createMemoryWorkspace } from "../support/memory-workspace.ts";
import { clientFor, run, sandboxFor, startProcessRunner } from "../support/run-sandboxes.ts";
import { runnerClient, type StartedRunner } from "../support/sandbox-runner.ts";

let runner: StartedRunner;
let client: RunnerClient;
const { signal } = new AbortController();

beforeAll(async () => {
  runner = await startProcessRunner();
  client = clientFor(runner);
});
afterAll(() => runner.close());

const ODD = {
  "a b/ü.txt": "one\n",
  "new\nline": "two\n",
  "back\\slash": "three\n",
  [`${"long-folder/".repeat(20)}file.txt`]: "four\n",
  "-rf": "five\n",
  "bin/run": { content: "#!/bin/sh\necho ran\n", kind: "executable" },
  empty: "",
  "bytes.bin": Uint8Array.from({ length: 300_000 }, (_, i) => i % 251),
} as const;

test("a sandbox has every file as the workspace has it, names, modes and bytes", async () => {
  const workspace = createMemoryWorkspace({
    ...ODD,
    link: { content: "a b/ü.txt", kind: "symlink" },
    sub: { content: "", kind: "submodule" },
    "\ud800": "half a character",
    ".GIT/config": "[core]",
  });
  await using stack = new AsyncDisposableStack();
  const sandbox = sandboxFor(client, workspace);
  stack.defer(() => sandbox.close());
  const list = "find . -type f -print0 | sort -z | xargs -0 sha256sum -z | tr '\\0' '\\1'; bin/run";
  const { said, leftOut, takenBack } = await run(sandbox, list);
  const expected = await Promise.all(
    Object.entries(ODD).map(async ([path, file]) => {
      const bytes =
        typeof file === "string"
          ? new TextEncoder().encode(file)
          : file instanceof Uint8Array
            ? file
            : new TextEncoder().encode(file.content);
      return `${Buffer.from(await crypto.subtle.digest("SHA-256", bytes)).toString("hex")}  ./${path}`;
    }),
  );
  expect(said.replace("ran\n", "").split("\u0001").filter(Boolean).toSorted()).toEqual(expected.toSorted());
  expect(said).toContain("ran\n");
  expect(leftOut).toEqual({ links: 2, names: 2, large: 0 });
  expect(takenBack.changed).toEqual([]);
});

test("what is edited between commands is there for the next, and nothing else is sent", async () => {
  const workspace = createMemoryWorkspace({ "a.txt": "a\n", "b/c.txt": "c\n", "d/e.txt": "e\n" });
  await using stack = new AsyncDisposableStack();
  const sandbox = sandboxFor(client, workspace);
  stack.defer(() => sandbox.close());
  const list = "grep -r . | sort";
  expect((await run(sandbox, list)).said).toBe("a.txt:a\nb/c.txt:c\nd/e.txt:e\n");
  await workspace.write("a.txt", "A\n");
  await workspace.delete("b/c.txt");
  await workspace.write("b", "now a file\n");
  await workspace.delete("d/e.txt");
  await workspace.write("new/f.txt", "f\n");
  expect((await run(sandbox, list)).said).toBe("a.txt:A\nb:now a file\nnew/f.txt:f\n");
  workspace.revert(["a.txt", "b", "b/c.txt", "d/e.txt", "new/f.txt"]);
  expect((await run(sandbox, list)).said).toBe("a.txt:a\nb/c.txt:c\nd/e.txt:e\n");
  const uploads = runner.log.filter(({ path }) => /files$/.test(String(path))).length;
  await run(sandbox, "true");
  expect(runner.log.filter(({ path }) => /files$/.test(String(path)))).toHaveLength(uploads);
});

test("what a command changes becomes edits, but for what git ignores, and is not told twice", async () => {
  const workspace = createMemoryWorkspace({
    ".gitignore": "build/\n",
    "a.txt": "a\n",
    "gone.txt": "g\n",
    "x.sh": "x\n",
  });
  await using stack = new AsyncDisposableStack();
  const sandbox = sandboxFor(client, workspace);
  stack.defer(() => sandbox.close());
  const first = await run(
    sandbox,
    "echo formatted > a.txt; rm gone.txt; chmod +x x.sh; mkdir build n; echo o > build/o; echo n > n/new.txt; ln -s a.txt l",
  );
  expect(first.takenBack.changed.toSorted()).toEqual(["a.txt", "gone.txt", "n/new.txt", "x.sh"]);
  expect(workspace.snapshot()).toEqual({
    ".gitignore": "build/\n",
    "a.txt": "formatted\n",
    "n/new.txt": "n\n",
    "x.sh": "x\n",
  });
  expect(await workspace.entry("x.sh")).toEqual({ path: "x.sh", kind: "executable" });
  const second = await run(sandbox, "cat build/o");
  expect([second.said, second.takenBack.changed]).toEqual(["o\n", []]);
  await first.takenBack.undo();
  expect(await workspace.changes()).toEqual([]);
  expect((await run(sandbox, "cat a.txt gone.txt; test -x x.sh || echo plain")).said).toBe("a\ng\nplain\n");
});

test("a command after a close does not find what was left where git ignores it, but what was changed", async () => {
  const workspace = createMemoryWorkspace({ ".gitignore": "ignored\n" });
  const sandbox = sandboxFor(client, workspace);
  await using stack = new AsyncDisposableStack();
  stack.defer(() => sandbox.close());
  const running = sandbox.commands.run("echo new > new; echo changed > ignored", signal);
  while ((await running.next()).done !== true);
  expect((await run(sandbox, "cat ignored")).said).toBe("changed\n");
  await sandbox.close();
  expect((await run(sandbox, "cat new; ls ignored 2>/dev/null || echo none")).said).toBe("new\nnone\n");
});

test("the setup runs once, before the first command, and again in a sandbox that had to be made anew", async () => {
  const workspace = createMemoryWorkspace({ ".gitignore": "ready\n" });
  const sandbox = sandboxFor(client, workspace, { setupFor: () => "echo set up; date +%N > ready" });
  expect((await run(sandbox, "wc -l < ready")).said).toBe("set up\n1\n");
  expect((await run(sandbox, "wc -l < ready")).said).toBe("1\n");
  await sandbox.close();
  expect((await run(sandbox, "wc -l < ready")).said).toBe("set up\n1\n");
  await sandbox.close();
});

test("a setup that fails is the outcome, and for models a note behind the command's own", async () => {
  const workspace = createMemoryWorkspace({ "a.txt": "a\n" });
  await using stack = new AsyncDisposableStack();
  const sandbox = sandboxFor(client, workspace, { setupFor: () => "echo no network; exit 7" });
  stack.defer(() => sandbox.close());
  expect(await run(sandbox, "echo not run")).toMatchObject({
    phase: "setup",
    said: "no network\n",
    end: { ending: "exited", exit_code: 7 },
  });
  const running = sandbox.commands.run("cat a.txt", signal);
  expect((await running.next()).value).toMatchObject({ type: "output", data: "a\n" });
  expect((await running.next()).value).toEqual({
    exitCode: 0,
    notes: ["The setup command failed before: echo no network; exit 7."],
  });
});

test("how a command ended is told apart", async () => {
  const workspace = createMemoryWorkspace({});
  await using stack = new AsyncDisposableStack();
  const sandbox = sandboxFor(client, workspace);
  stack.defer(() => sandbox.close());
  expect((await run(sandbox, "exit 3")).end).toMatchObject({ ending: "exited", exit_code: 3, signal: null });
  expect((await run(sandbox, "kill -SEGV $$")).end).toMatchObject({ ending: "signaled", exit_code: 139 });
});

test("an abort ends the command, and the next one gets a sandbox of its own", async () => {
  const workspace = createMemoryWorkspace({ "a.txt": "a\n" });
  const sandbox = sandboxFor(client, workspace);
  const abort = new AbortController();
  const running = sandbox.execute("echo started; touch left; sleep 1000", abort.signal);
  expect((await running.next()).value).toMatchObject({ data: "started\n" });
  abort.abort(new DOMException("cancelled", "AbortError"));
  await expect(running.next()).rejects.toThrow("cancelled");
  expect((await run(sandbox, "ls")).said).toBe("a.txt\n");
  await sandbox.close();
});

/** Ends the newest sandbox of the runner behind its user's back. */
async function endNewest(): Promise<void> {
  const newest = runner.log.findLast((entry) => typeof entry["sandbox"] === "string")?.["sandbox"];
  await runnerClient(runner).destroy(String(newest));
}

test("a sandbox that has ended between two commands is made anew, with its setup, and models are told", async () => {
  const workspace = createMemoryWorkspace({ ".gitignore": "left\nready\n", "a.txt": "a\n" });
  const sandbox = sandboxFor(client, workspace, { setupFor: () => "echo set up; touch ready" });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => sandbox.close());
  const first = await run(sandbox, "touch left");
  expect([first.said, first.anew]).toEqual(["set up\n", false]);
  await endNewest();
  const second = await run(sandbox, "ls; touch left");
  expect([second.said, second.anew]).toEqual(["set up\na.txt\nready\n", true]);
  await endNewest();
  await workspace.write("a.txt", "edited\n");
  const third = await run(sandbox, "ls; cat a.txt");
  expect([third.said, third.anew]).toEqual(["set up\na.txt\nready\nedited\n", true]);
  expect((await run(sandbox, "true")).anew).toBe(false);
  await endNewest();
  const running = sandbox.commands.run("true", signal);
  expect((await running.next()).value).toMatchObject({ data: "set up\n" });
  expect((await running.next()).value).toEqual({
    exitCode: 0,
    notes: [
      "The sandbox had ended, so this is a new one: what earlier commands left where git ignores it is gone.",
    ],
  });
});

test("a sandbox that ends under its command is not made anew", async () => {
  const sandbox = sandboxFor(client, createMemoryWorkspace({ "a.txt": "a\n" }));
  await run(sandbox, "true");
  const running = sandbox.execute("echo started; sleep 1000", signal);
  expect((await running.next()).value).toMatchObject({ data: "started\n" });
  await endNewest();
  await expect(running.next()).rejects.toMatchObject({ problem: "lost" });
  await sandbox.close();
});

test("a run without time left for commands is told so", async () => {
  const late = new AbortController();
  const sandbox = sandboxFor(client, createMemoryWorkspace({}), { deadline: late.signal });
  const running = sandbox.execute("echo started; sleep 1000", signal);
  await running.next();
  late.abort(new DOMException("late", "TimeoutError"));
  await expect(running.next()).rejects.toMatchObject({ problem: "out_of_time" });
});

test("a command ends as timed out while there is still time to tell what it came to", async () => {
  const workspace = createMemoryWorkspace({});
  const sandbox = sandboxFor(client, workspace, { timeLeft: () => 4_900 });
  const { end, takenBack, description } = await run(sandbox, "echo kept > new.txt; sleep 1000");
  expect(takenBack.changed).toEqual(["new.txt"]);
  expect([endingWords(end, description.limits), ranOutOfRunTime(end, description.limits)]).toEqual([
    "timed out after 1 s",
    true,
  ]);
  await sandbox.close();
});

test("no secret of the service is sent: not in a command, a name, or an edit", async () => {
  const holdsSecret = (text: string) => text.includes("canary");
  const workspace = createMemoryWorkspace({
    "canary.txt": "1\n",
    "b.txt": "canary of the repository's own\n",
  });
  const sandbox = sandboxFor(client, workspace, { holdsSecret });
  await expect(run(sandbox, "echo canary")).rejects.toMatchObject({ problem: "secret" });
  expect((await run(sandbox, "ls")).said).toBe("b.txt\n");
  await workspace.write("c.txt", "canary");
  await expect(run(sandbox, "ls")).rejects.toMatchObject({ problem: "secret" });
  await sandbox.close();
  await expect(run(sandbox, "ls")).rejects.toMatchObject({ problem: "secret" });
  await workspace.write("c.txt", [..."canary"].join("\0"));
  await expect(run(sandbox, "ls")).rejects.toMatchObject({ problem: "secret" });
  await sandbox.close();
});
