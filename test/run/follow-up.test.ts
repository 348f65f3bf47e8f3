/** Another instruction on the branch and pull request of an earlier run. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Continuation, RunRequest } from "../../src/run/request.ts";
import { type ForgeRepository, type LocalForge, startForge } from "../support/forge/server.ts";
import { createJournal, type Journal } from "../support/journal.ts";
import { TOKEN, TOKENS } from "../support/open.ts";
import { partsFor, requestFor } from "../support/runs.ts";

const FIRST = "6b1f1d5e-0000-4000-8000-000000000003";
const SECOND = "6b1f1d5e-0000-4000-8000-000000000004";
const BRANCH = "tiny-backspace/delete-a-txt-aaaaaaaa";
const FILES = { "a.txt": "a\n", "b.txt": "b\n", "c.txt": "c\n" };
const never = new Promise(() => undefined);

let forge: LocalForge;
let seed: ForgeRepository;

beforeAll(async () => {
  forge = await startForge({ tokens: TOKENS });
  seed = await forge.addRepository("octo/seed", { files: FILES });
});
afterAll(() => forge.close());

interface Case {
  readonly repository: ForgeRepository;
  /** Where the branch is. */
  readonly head: ForgeRepository;
  readonly first: Journal;
  readonly continues: Continuation;
  /** A further run, nothing of it done yet. */
  next(more?: Partial<RunRequest>): Journal;
}

/** A repository on which one run has ended. */
async function set(name: string, more: Partial<RunRequest> = {}): Promise<Case> {
  const repository = await forge.addRepository(name, { from: seed.dir });
  forge.faults.clear();
  const parts = partsFor(forge);
  const first = createJournal(requestFor(forge, name, { prompt: "Delete a.txt", ...more }), parts, FIRST);
  await first.attempt(parts);
  const continues = first.resume?.checkpoint.continues;
  if (continues === undefined)
    throw new Error(`nothing to go on with: ${JSON.stringify(first.events.at(-1))}`);
  forge.log.clear();
  return {
    repository,
    head: forge.repository(`${continues.head.owner}/${continues.head.name}`),
    first,
    continues,
    next: (wish) =>
      createJournal(requestFor(forge, name, { prompt: "Delete b.txt", continues, ...wish }), parts, SECOND),
  };
}

function log(repository: ForgeRepository): Promise<string> {
  return repository.git("log", "--format=%s", BRANCH);
}

test("a further instruction becomes a commit on the same branch and a section of the same pull request", async () => {
  const one = await set("octo/again");
  const before = one.repository.pullRequests[0];
  const second = one.next();
  expect(await second.attempt(partsFor(forge))).toBe(true);
  const url = `${forge.url}/octo/again/pull/1`;
  expect(second.events.slice(-5)).toMatchObject([
    { type: "progress", step: "push", message: `Pushing to ${BRANCH}.` },
    { type: "success", step: "push", message: `Pushed to ${forge.url}/octo/again/tree/${BRANCH}.` },
    { type: "progress", step: "pull_request", message: "Updating pull request #1." },
    { type: "success", step: "pull_request", message: `Pull request #1 updated: ${url}`, pr_url: url },
    { type: "done", status: "succeeded", pr_url: url, branch: BRANCH, changes: [{ path: "b.txt" }] },
  ]);
  expect(second.events.filter(({ type }) => type === "warning")).toHaveLength(1);
  expect(await log(one.head)).toBe("Delete b.txt\nDelete a.txt\nInitial commit");
  expect(await one.head.git("for-each-ref", "--format=%(refname:short)", "refs/heads")).toBe(
    `main\n${BRANCH}`,
  );
  const [pull] = one.repository.pullRequests;
  expect(pull).toEqual({ ...before, body: pull?.body });
  expect(
    pull?.body?.startsWith(`${before?.body}\n\n## What was asked next\n\n\`\`\`text\nDelete b.txt\n`),
  ).toBe(true);
  expect(pull?.body?.split(SECOND)).toHaveLength(2);
  expect(second.resume?.checkpoint.continues).toEqual({ ...one.continues, run_id: SECOND });
});

test("a branch in a fork is gone on with in the fork", async () => {
  const one = await set("someone/shared");
  expect(one.head.fullName).toBe("octo/shared");
  expect(await one.next().attempt(partsFor(forge))).toBe(true);
  expect(await log(one.head)).toBe("Delete b.txt\nDelete a.txt\nInitial commit");
  expect(one.repository.pullRequests).toHaveLength(1);
  expect(forge.log.lines().filter((line) => line.includes("/forks"))).toEqual([]);
});

test("after a run that ended with a branch, the pull request is opened", async () => {
  const one = await set("octo/branch-only", { mode: "branch" });
  const second = one.next();
  await second.attempt(partsFor(forge));
  expect(second.events.at(-2)).toMatchObject({
    message: `Pull request #1 opened: ${forge.url}/octo/branch-only/pull/1`,
  });
  expect(one.repository.pullRequests).toMatchObject([{ head: BRANCH, title: "Delete b.txt" }]);
});

test("a pull request that the run before was cancelled over, but had opened, is added to and keeps what it says", async () => {
  const one = await set("octo/opened-unheard", { mode: "branch" });
  const api = `${forge.apiUrl}/repos/octo/opened-unheard/pulls`;
  const said = { title: "Delete a.txt", body: `Made in run ${FIRST}.`, head: BRANCH, base: "main" };
  await fetch(api, {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify(said),
  });
  const second = one.next({ mode: "pull_request" });
  await second.attempt(partsFor(forge));
  expect(second.events.slice(-3)).toMatchObject([
    {
      type: "warning",
      code: "pull_request_updated",
      message: "Pull request #1 was open for the branch already and was updated.",
    },
    { message: `Pull request #1 updated: ${forge.url}/octo/opened-unheard/pull/1` },
    { type: "done", status: "succeeded", pr_url: `${forge.url}/octo/opened-unheard/pull/1` },
  ]);
  expect(one.repository.pullRequests).toMatchObject([{ title: said.title, draft: false }]);
  const body = one.repository.pullRequests[0]?.body ?? "";
  expect(body.startsWith(`${said.body}\n\n## What was asked next\n\n`)).toBe(true);
  expect(body.split(SECOND)).toHaveLength(2);
});

test("a description without room for a further section names the run, and the run says so", async () => {
  const one = await set("octo/full");
  const [pull] = one.repository.pullRequests;
  const body = `${pull?.body}${"x".repeat(61_900 - (pull?.body?.length ?? 0))}`;
  await fetch(`${forge.apiUrl}/repos/octo/full/pulls/1`, {
    method: "PATCH",
    headers: { authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify({ body }),
  });
  const second = one.next();
  await second.attempt(partsFor(forge));
  expect(second.events.slice(-3)).toMatchObject([
    {
      type: "warning",
      code: "description_full",
      message: "The description of pull request #1 has no room for more, so it names this run only.",
    },
    { message: `Pull request #1 updated: ${forge.url}/octo/full/pull/1` },
    { type: "done", status: "succeeded" },
  ]);
  expect(one.repository.pullRequests[0]?.body).toBe(
    `${body}\n\n---\n\nRun \`${SECOND}\` of Tiny Backspace added a commit. There is no room here for more about it.`,
  );
});

test("in mode branch only the branch is moved on", async () => {
  const one = await set("octo/push-only");
  const before = one.repository.pullRequests;
  const second = one.next({ mode: "branch" });
  await second.attempt(partsFor(forge));
  expect(second.events.at(-1)).toMatchObject({ status: "succeeded", branch: BRANCH, pr_url: null });
  expect(await log(one.head)).toBe("Delete b.txt\nDelete a.txt\nInitial commit");
  expect(one.repository.pullRequests).toEqual(before);
});

test.each(["closed", "merged"] as const)("nothing is added to a pull request that is %s", async (what) => {
  const name = `octo/${what}`;
  const one = await set(name);
  const api = `${forge.apiUrl}/repos/${name}/pulls/1`;
  const headers = { authorization: `Bearer ${TOKEN}` };
  await fetch(api, { method: "PATCH", headers, body: JSON.stringify({ state: "closed" }) });
  if (what === "merged") {
    const answer = await (await fetch(api, { headers })).text();
    const body = answer.replace('"merged_at":null', '"merged_at":"2026-01-02T03:04:05Z"');
    forge.faults.add({
      match: { path: /\/pulls\/1$/ },
      action: { status: 200, headers: { "content-type": "application/json" }, body },
    });
  }
  const second = one.next();
  await second.attempt(partsFor(forge));
  const state = what === "merged" ? "has been merged" : "is closed";
  expect(second.events.slice(-2)).toMatchObject([
    {
      type: "error",
      code: "forge_conflict",
      message: `Pull request #1 of ${name} ${state}, so nothing can be added to it. Start a new run.`,
    },
    { type: "done", status: "failed" },
  ]);
  expect(await log(one.head)).toBe("Delete a.txt\nInitial commit");
});

test("a branch that is gone is told in words", async () => {
  const one = await set("octo/gone");
  await one.head.git("branch", "-D", BRANCH);
  const second = one.next();
  await second.attempt(partsFor(forge));
  expect(second.events.at(-2)).toMatchObject({
    code: "branch_not_found",
    message: `The branch "${BRANCH}" is gone, so nothing can be added to it. Start a new run.`,
  });
});

test("attack 25: a branch that somebody moved in between is left where it is", async () => {
  const one = await set("octo/moved");
  const held = forge.faults.add({
    match: { service: "receive-pack", nth: 1 },
    action: { hold: never },
  });
  const second = one.next();
  await second.attempt(partsFor(forge), { killWhen: held.reached() });
  const theirs = await one.head.commit({ "d.txt": "theirs\n" }, { branch: BRANCH });
  expect(await second.attempt(partsFor(forge))).toBe(true);
  expect(second.events.slice(-2)).toMatchObject([
    {
      type: "error",
      code: "push_rejected",
      retryable: true,
      message: `The branch ${BRANCH} has moved since the run fetched it, so nothing was pushed. Start the run again to build on what is there now.`,
    },
    { type: "done", status: "failed", patch: expect.stringContaining("b.txt") },
  ]);
  expect(await one.head.git("rev-parse", BRANCH)).toBe(theirs);
});

/** Outputs of commit, push, pull request and the end; what comes before is as in any run. */
const FROM_COMMIT_ON = 10;

describe("a further run whose process dies", () => {
  const stable = (value: unknown): unknown =>
    JSON.parse(
      JSON.stringify(value)
        .replace(/"duration_ms":\d+/g, '"duration_ms":0')
        .replace(/case-[\w-]+/g, "case"),
    );

  async function seen(one: Case, second: Journal): Promise<unknown> {
    return stable({
      events: second.events,
      log: await one.head.git("log", "--format=%H %s", BRANCH),
      branches: await one.head.git("for-each-ref", "--format=%(refname:short)", "refs/heads"),
      pulls: one.repository.pullRequests,
    });
  }

  test.each([
    ["octo", "pull_request"],
    ["someone", "pull_request"],
    ["octo", "branch"],
  ] as const)("on a repository of %s in mode %s ends the same, wherever it dies", async (owner, mode) => {
    const whole = await set(`${owner}/case-${owner}-${mode}`);
    const undisturbed = whole.next({ mode });
    await undisturbed.attempt(partsFor(forge));
    const expected = await seen(whole, undisturbed);
    const outputs = undisturbed.outputs[0] ?? 0;
    expect(outputs).toBeGreaterThan(FROM_COMMIT_ON);
    for (let at = outputs - FROM_COMMIT_ON; at < outputs; at++) {
      const one = await set(`${owner}/case-${owner}-${mode}-${at}`);
      const second = one.next({ mode });
      expect(await second.attempt(partsFor(forge), { kill: { at, kept: false } })).toBe(false);
      expect(await second.attempt(partsFor(forge)), `killed at ${at}`).toBe(true);
      expect(await seen(one, second), `killed at ${at}`).toEqual(expected);
    }
  });

  test.each([
    ["push", { service: "receive-pack" }],
    ["section", { method: "PATCH" }],
  ] as const)("before it has heard of its %s does it no second time", async (name, match) => {
    const one = await set(`octo/inside-${name}`);
    const second = one.next();
    const held = forge.faults.add({ match: { ...match, nth: 1 }, action: { hold: never, at: "reply" } });
    expect(await second.attempt(partsFor(forge), { killWhen: held.reached() })).toBe(false);
    expect(await second.attempt(partsFor(forge))).toBe(true);
    expect(second.events.at(-1)).toMatchObject({ status: "succeeded", branch: BRANCH });
    expect(forge.log.lines(match)).toHaveLength(1);
    expect(await log(one.head)).toBe("Delete b.txt\nDelete a.txt\nInitial commit");
    expect(one.repository.pullRequests[0]?.body?.split(SECOND)).toHaveLength(2);
  });
});

test("a further run whose pull request gets away under its last request says so", async () => {
  const one = await set("octo/cancelled");
  const second = one.next();
  const held = forge.faults.add({ match: { method: "PATCH", nth: 1 }, action: { hold: never } });
  const caller = new AbortController();
  void held.reached().then(() => caller.abort());
  await second.attempt(partsFor(forge), { context: { signal: caller.signal } });
  expect(second.events.at(-1)).toMatchObject({
    status: "cancelled",
    branch: BRANCH,
    message:
      "Cancelled while updating pull request #1; its description may have been changed. Nothing more is sent.",
  });
});
