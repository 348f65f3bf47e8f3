/** Processes that die in the middle of a request: what it did is found, and done no second time. */
import { setTimeout as later } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEgress } from "../../src/egress.ts";
import type { RunDeps } from "../../src/run/deps.ts";
import type { RunRequest } from "../../src/run/request.ts";
import { type ForgeRepository, type LocalForge, startForge } from "../support/forge/server.ts";
import { createJournal, type Journal } from "../support/journal.ts";
import { TOKENS } from "../support/open.ts";
import { partsFor, requestFor } from "../support/runs.ts";

const RUN_ID = "6b1f1d5e-0000-4000-8000-000000000002";
const BRANCH = "tiny-backspace/delete-b-txt-aaaaaaaa";
const never = new Promise(() => undefined);

let forge: LocalForge;

beforeAll(async () => {
  forge = await startForge({ tokens: TOKENS });
});
afterAll(() => forge.close());

interface Case {
  readonly repository: ForgeRepository;
  readonly journal: Journal;
  readonly parts: (send?: typeof fetch) => RunDeps;
}

async function set(name: string, more: Partial<RunRequest> = {}): Promise<Case> {
  const repository = await forge.addRepository(name, { files: { "a.txt": "a\n", "b.txt": "b\n" } });
  forge.faults.clear();
  forge.log.clear();
  const parts = (send?: typeof fetch) => partsFor(forge, send === undefined ? {} : { fetch: send });
  const request = requestFor(forge, name, { prompt: "Delete b.txt", ...more });
  return { repository, journal: createJournal(request, parts(), RUN_ID), parts };
}

/** What was sent to change something, and the look-ups before it. */
function changes(): string[] {
  return forge.log
    .lines()
    .filter((line) => /receive-pack|\/pulls/.test(line))
    .map((line) => line.replace(/^(\w+) \S*\/(git-receive-pack|pulls)\b\S*/, "$1 $2"));
}

function branches(repository: ForgeRepository): Promise<string> {
  return repository.git("for-each-ref", "--format=%(refname:short)", "refs/heads");
}

/** Kills an attempt when the forge has done what a request asks and has not answered yet. */
async function killInside({ journal, parts }: Case, path: RegExp): Promise<void> {
  const held = forge.faults.add({
    match: { method: "POST", path, nth: 1 },
    action: { hold: never, at: "reply" },
  });
  expect(await journal.attempt(parts(), { killWhen: held.reached() })).toBe(false);
}

describe("a process that dies before it has heard of", () => {
  test("its push finds the branch at its commit, and pushes nothing", async () => {
    const one = await set("octo/push");
    await killInside(one, /git-receive-pack$/);
    expect(await one.journal.attempt(one.parts())).toBe(true);
    expect(one.journal.events.at(-1)).toMatchObject({ status: "succeeded", branch: BRANCH });
    expect(changes()).toEqual(["POST git-receive-pack 0", "POST pulls 201"]);
    expect(await branches(one.repository)).toBe(`main\n${BRANCH}`);
    expect(one.repository.pullRequests).toHaveLength(1);
  });

  test("its push to a fork finds the fork and the branch", async () => {
    const one = await set("someone/push");
    await killInside(one, /git-receive-pack$/);
    expect(await one.journal.attempt(one.parts())).toBe(true);
    expect(changes()).toEqual(["POST git-receive-pack 0", "POST pulls 201"]);
    expect(await branches(forge.repository("octo/push-1"))).toBe(`main\n${BRANCH}`);
    expect(forge.repositories().filter(({ name }) => name.startsWith("push"))).toHaveLength(3);
    expect(one.repository.pullRequests).toHaveLength(1);
  });

  test("attack 26: its pull request takes the one that is there, and says it was opened", async () => {
    const one = await set("octo/pull");
    await killInside(one, /\/pulls$/);
    expect(await one.journal.attempt(one.parts())).toBe(true);
    expect(changes()).toEqual(["POST git-receive-pack 200", "POST pulls 0", "GET pulls 200"]);
    expect(one.journal.events.slice(-3)).toMatchObject([
      { type: "progress", step: "pull_request" },
      { type: "success", message: `Pull request #1 opened: ${forge.url}/octo/pull/pull/1` },
      { type: "done", status: "succeeded", pr_url: `${forge.url}/octo/pull/pull/1` },
    ]);
    expect(one.repository.pullRequests).toHaveLength(1);
  });

  test.each(["closed", "edited"])(
    "its pull request, %s by a person since, takes it as it is",
    async (how) => {
      const one = await set(`octo/pull-${how}`);
      await killInside(one, /\/pulls$/);
      const body = `${one.repository.pullRequests[0]?.body}\nReviewed.`;
      await fetch(`${forge.apiUrl}/repos/octo/pull-${how}/pulls/1`, {
        method: "PATCH",
        headers: { authorization: `Bearer ${Object.keys(TOKENS)[0]}` },
        body: JSON.stringify(how === "closed" ? { state: "closed" } : { title: "Mine", body }),
      });
      const before = one.repository.pullRequests;
      expect(await one.journal.attempt(one.parts())).toBe(true);
      expect(one.journal.events.at(-2)).toMatchObject({
        message: `Pull request #1 opened: ${forge.url}/octo/pull-${how}/pull/1`,
      });
      expect(one.repository.pullRequests).toEqual(before);
    },
  );
});

/** A process' way out whose first request of a kind is still on its way when the process dies. */
function slowPost(path: RegExp) {
  const egress = createEgress({ origins: [forge.url] });
  const sent = Promise.withResolvers<void>();
  let land: (() => Promise<Response>) | undefined;
  const send: typeof fetch = async (input, init) => {
    const url = String(input instanceof Request ? input.url : input);
    if (!path.test(url) || init?.method !== "POST" || land !== undefined) return await egress(input, init);
    const { signal, ...rest } = init;
    land = () => egress(input, rest);
    sent.resolve();
    // the answer never comes; the process' end does
    for (;;) await later(3_600_000, undefined, { signal: signal ?? new AbortController().signal });
  };
  return { send, sent: sent.promise, land: async () => void (await (await land?.())?.arrayBuffer()) };
}

describe("a dead process' request that lands late", () => {
  /** The next process' way out: just before its own such request, the dead one's arrives. */
  function landingFirst(path: RegExp, land: () => Promise<void>): typeof fetch {
    const egress = createEgress({ origins: [forge.url] });
    return async (input, init) => {
      const url = String(input instanceof Request ? input.url : input);
      if (path.test(url) && init?.method === "POST") await land();
      return await egress(input, init);
    };
  }

  test.each([
    ["a push", /git-receive-pack$/],
    ["a pull request", /\/pulls$/],
  ])("after the look-up: %s is taken for the run's own", async (name, path) => {
    const one = await set(`octo/late-${name.replaceAll(" ", "-")}`);
    const slow = slowPost(path);
    expect(await one.journal.attempt(one.parts(slow.send), { killWhen: slow.sent })).toBe(false);
    expect(await one.journal.attempt(one.parts(landingFirst(path, slow.land)))).toBe(true);
    expect(one.journal.events.at(-1)).toMatchObject({ status: "succeeded", branch: BRANCH });
    expect(one.journal.events.filter(({ type }) => type === "warning")).toHaveLength(1);
    expect(await branches(one.repository)).toBe(`main\n${BRANCH}`);
    expect(one.repository.pullRequests).toHaveLength(1);
  });
});

test("attack 25: a run that goes on takes no branch that somebody else made of the name", async () => {
  const one = await set("octo/taken");
  const slow = slowPost(/git-receive-pack$/);
  await one.journal.attempt(one.parts(slow.send), { killWhen: slow.sent });
  await one.repository.git("branch", BRANCH, "main");
  expect(await one.journal.attempt(one.parts())).toBe(true);
  expect(one.journal.events.at(-1)).toMatchObject({ status: "succeeded", branch: `${BRANCH}-2` });
  expect(await one.repository.git("rev-parse", BRANCH)).toBe(await one.repository.git("rev-parse", "main"));
});

test("a run goes on from the commit it began with, wherever the base branch is by now", async () => {
  const one = await set("octo/moved");
  const base = await one.repository.git("rev-parse", "main");
  await one.journal.attempt(one.parts(), { kill: { at: 12, kept: true } });
  await one.repository.commit({ "c.txt": "newer\n" });
  expect(await one.journal.attempt(one.parts())).toBe(true);
  expect(await one.repository.git("rev-parse", `${BRANCH}^`)).toBe(base);
});

test("a run with nothing left but its pull request fetches nothing", async () => {
  const one = await set("octo/last");
  await killInside(one, /\/pulls$/);
  forge.log.clear();
  await one.journal.attempt(one.parts());
  expect(forge.log.lines({ kind: "git" })).toEqual([]);
});

test("a checkpoint of another version is refused in words, and may be tried anew", async () => {
  const one = await set("octo/version");
  await one.journal.attempt(one.parts(), { kill: { at: 12, kept: true } });
  const checkpoint = { version: 0, story: {} };
  await one.journal.attempt(one.parts(), { context: { resume: { checkpoint, edits: [], entries: [] } } });
  expect(one.journal.events.slice(-2)).toMatchObject([
    {
      type: "error",
      code: "internal",
      retryable: true,
      message: "The service was updated while the run was interrupted, so it cannot go on. Start it again.",
    },
    { type: "done", status: "failed" },
  ]);
});
