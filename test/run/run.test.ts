/** The run's own decisions, on real git: branch races, stale forks, defects. */
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Agent } from "../../src/agent/agent.ts";
import { createEgress } from "../../src/egress.ts";
import { createGitHubForge } from "../../src/forge/github.ts";
import type { RunDeps } from "../../src/run/deps.ts";
import type { RunEvent } from "../../src/run/events.ts";
import type { RunRequest } from "../../src/run/request.ts";
import { run } from "../../src/run/run.ts";
import { collect } from "../support/collect.ts";
import { eventsOf } from "../support/events-of.ts";
import { type LocalForge, startForge } from "../support/forge/server.ts";
import { TOKENS } from "../support/open.ts";
import { editing, partsFor, requestFor } from "../support/runs.ts";

let forge: LocalForge;

beforeAll(async () => {
  forge = await startForge({ tokens: TOKENS, forksShareObjects: false });
});
afterAll(() => forge.close());

const writes = editing((workspace) => workspace.write("new.txt", "new\n"));

function start(
  name: string,
  agent: Agent,
  more: Partial<RunDeps> = {},
  request: Partial<RunRequest> = {},
): AsyncGenerator<RunEvent> {
  const context = { runId: "run-1", signal: new AbortController().signal };
  return eventsOf(run(requestFor(forge, name, request), partsFor(forge, { agent }, more), context));
}

test("attack 25: a branch that appears before the push is not overwritten; another name is taken", async () => {
  const repository = await forge.addRepository("octo/race", { files: { "a.txt": "a\n" } });
  await repository.git("branch", "tiny-backspace/edit-it-aaaaaaaa", "main");
  const events = await collect(start("octo/race", writes));
  expect(events.at(-1)).toMatchObject({ status: "succeeded", branch: "tiny-backspace/edit-it-aaaaaaaa-2" });
  expect(await repository.git("rev-parse", "tiny-backspace/edit-it-aaaaaaaa")).toBe(
    await repository.git("rev-parse", "main"),
  );
});

test("attack 25: when every name is taken the run fails with the patch in hand", async () => {
  const repository = await forge.addRepository("octo/taken", { files: { "a.txt": "a\n" } });
  for (const end of ["", "-2", "-3", "-4", "-5"])
    await repository.git("branch", `tiny-backspace/edit-it-aaaaaaaa${end}`, "main");
  const events = await collect(start("octo/taken", writes));
  expect(events.slice(-2)).toMatchObject([
    { type: "error", code: "push_rejected", retryable: true },
    { type: "done", status: "failed", branch: null, commit: null, patch: expect.stringContaining("+new") },
  ]);
});

test("a fork that lags behind its parent is synced, and the push tried again", async () => {
  const parent = await forge.addRepository("someone/lagging", { files: { "a.txt": "a\n" } });
  await collect(start("someone/lagging", writes));
  await parent.commit({ "b.txt": "newer than the fork\n" });
  forge.log.clear();
  const events = await collect(start("someone/lagging", writes, { newBranchId: () => "cccccccc" }));
  expect(events.at(-1)).toMatchObject({ status: "succeeded" });
  expect(
    forge.log.lines().filter((line) => line.includes("merge-upstream") || line.includes("receive-pack")),
  ).toEqual([
    "POST /octo/lagging.git/git-receive-pack 200",
    "POST /api/v3/repos/octo/lagging/merge-upstream 200",
    "POST /octo/lagging.git/git-receive-pack 200",
  ]);
  expect(parent.pullRequests).toHaveLength(2);
});

test("a branch rule's refusal is told with the server's own words, and the patch is kept", async () => {
  const repository = await forge.addRepository("octo/ruled", {
    files: { "a.txt": "a\n" },
    setup: async (dir) => {
      await mkdir(`${dir}/hooks`, { recursive: true });
      await writeFile(
        `${dir}/hooks/pre-receive`,
        "#!/bin/sh\necho 'GH013: Repository rule violations found'\nexit 1\n",
      );
      await chmod(`${dir}/hooks/pre-receive`, 0o755);
    },
  });
  const events = await collect(start("octo/ruled", writes));
  expect(events.slice(-2)).toMatchObject([
    {
      type: "error",
      code: "push_rejected",
      message: expect.stringContaining("GH013: Repository rule violations found"),
    },
    { type: "done", status: "failed", patch: expect.stringContaining("+new") },
  ]);
  expect(repository.pullRequests).toEqual([]);
});

test("an agent whose edits come to nothing ends as no_changes", async () => {
  await forge.addRepository("octo/same", { files: { "a.txt": "a\n" } });
  const events = await collect(
    start(
      "octo/same",
      editing((workspace) => workspace.write("a.txt", "a\n")),
    ),
  );
  expect(events.at(-1)).toMatchObject({
    status: "no_changes",
    message: "The repository already is as asked; nothing was changed.",
    changes: [],
  });
});

test("a defect in an agent is thrown to the host, which reports it without its words", async () => {
  await forge.addRepository("octo/defect", { files: { "a.txt": "a\n" } });
  const broken = editing(() => Promise.reject(new TypeError("x is not a function")));
  await expect(collect(start("octo/defect", broken))).rejects.toThrow("x is not a function");
});

test("without a token the run ends with a patch and says why", async () => {
  await forge.addRepository("octo/public", { files: { "a.txt": "a\n" } });
  const fetch = createEgress({ origins: [forge.url] });
  const anonymous = createGitHubForge({
    apiUrl: forge.apiUrl,
    serverUrl: forge.url,
    token: undefined,
    fetch,
    userAgent: "test",
  });
  forge.log.clear();
  const events = await collect(start("octo/public", writes, { forge: anonymous }));
  expect(events.filter((event) => event.type === "warning").map(({ code }) => code)).toEqual([
    "patch_only",
    "not_verified",
  ]);
  expect(events.at(-1)).toMatchObject({
    status: "succeeded",
    pr_url: null,
    branch: null,
    commit: null,
    patch: expect.stringContaining("+new"),
  });
  expect(forge.log.entries.map(({ authorization }) => authorization)).toEqual(["none", "none", "none"]);
});

test("what is fetched is told in tenths of its objects, however the network cuts it", async () => {
  const files = Object.fromEntries(Array.from({ length: 118 }, (_, i) => [`folder-${i}/file.txt`, `${i}\n`]));
  await forge.addRepository("octo/many", { files });
  for (const slow of [false, true]) {
    forge.faults.clear();
    if (slow) forge.faults.add({ match: { service: "upload-pack" }, action: { slowBytesPerSecond: 50_000 } });
    const events = await collect(start("octo/many", writes, {}, { mode: "patch" }));
    expect(
      events.flatMap((event) => (event.type === "progress" && event.loaded ? [event.message] : [])),
    ).toEqual(Array.from({ length: 10 }, (_, i) => `Received ${12 * (i + 1)} of 120 objects.`));
  }
  forge.faults.clear();
});
