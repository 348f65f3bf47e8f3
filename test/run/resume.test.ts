/** Runs whose process dies: at every output, and in the middle of requests; they end as if nothing had been. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunDeps } from "../../src/run/deps.ts";
import type { RunRequest } from "../../src/run/request.ts";
import { type ForgeRepository, type LocalForge, startForge } from "../support/forge/server.ts";
import { createJournal, type Journal } from "../support/journal.ts";
import { TOKENS } from "../support/open.ts";
import { type PartsOptions, partsFor, requestFor } from "../support/runs.ts";

const FILES = { "a.txt": "foo and foo\n", "b/c.txt": "foo\n", "gone.txt": "gone\n", "old.txt": "old\n" };
const RUN_ID = "6b1f1d5e-0000-4000-8000-000000000001";

let forge: LocalForge;
let seed: ForgeRepository;
let names = 0;

beforeAll(async () => {
  forge = await startForge({ tokens: TOKENS });
  seed = await forge.addRepository("octo/seed", { files: FILES });
});
afterAll(() => forge.close());

interface Scenario {
  readonly owner?: string;
  readonly request: Partial<RunRequest>;
}

interface Case {
  readonly repository: ForgeRepository;
  readonly journal: Journal;
  /** The same service each time it starts, on a clock that goes on. */
  parts(options?: PartsOptions): RunDeps;
}

/** A repository of its own with the same commits as every other, and a run on it. */
async function set({ owner = "octo", request: more }: Scenario): Promise<Case> {
  const name = `case-${++names}`;
  const repository = await forge.addRepository(`${owner}/${name}`, { from: seed.dir });
  let hours = 0;
  let ids = 0;
  const moving: Partial<RunDeps> = {
    now: () => new Date(Date.UTC(2026, 0, 1, hours++)),
    newBranchId: () => `id${`${++ids}`.padStart(6, "0")}`,
  };
  const parts = (options?: PartsOptions): RunDeps => partsFor(forge, options, moving);
  const request = requestFor(forge, `${owner}/${name}`, more);
  return { repository, journal: createJournal(request, parts(), RUN_ID), parts };
}

/** Anything without what differs between one repository and moment and another. */
function stable(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value)
      .replace(/"duration_ms":\d+/g, '"duration_ms":0')
      .replace(/case-\d+/g, "case")
      .replace(/id\d{6}/g, "<id>")
      .replace(/\b(?:[0-9a-f]{40}|Commit [0-9a-f]{10})\b/g, "<commit>"),
  );
}

/** The branches a run made, wherever they are, and the tree of each. */
async function branchesOf({ repository }: Case): Promise<string[]> {
  const copies = forge.repositories().filter(({ name }) => name === repository.name);
  const lists = await Promise.all(
    copies.map((copy) =>
      copy.git("for-each-ref", "--format=%(refname:short) %(tree)", "refs/heads/tiny-backspace/"),
    ),
  );
  return lists
    .join("\n")
    .split("\n")
    .filter((line) => line !== "");
}

/** Everything that can be seen of a run that has ended. */
async function seen(one: Case): Promise<unknown> {
  const { journal, repository } = one;
  return stable({
    events: journal.events,
    branches: await branchesOf(one),
    pulls: repository.pullRequests,
    patch: journal.patch ?? null,
  });
}

async function inParallel<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: 4 }, worker));
}

const MANY =
  'Create a file docs/hello.md with the content "Hello"; replace "foo" with "bar" in all files; ' +
  "move old.txt to new.txt; delete gone.txt";

const SCENARIOS: readonly (readonly [string, Scenario])[] = [
  ["with four instructions and a pull request", { request: { prompt: MANY } }],
  ["through a fork", { owner: "someone", request: { prompt: "Delete gone.txt" } }],
  ["that ends with a branch", { request: { prompt: "Move old.txt to new.txt", mode: "branch" } }],
  ["that ends with a patch", { request: { prompt: 'Replace "foo" with "bar"', mode: "patch" } }],
  [
    "that leaves a protected file out",
    {
      request: {
        prompt: 'Create .github/workflows/ci.yml with the content "on: push"; delete gone.txt',
        mode: "patch",
      },
    },
  ],
  [
    "with nothing but a protected file",
    { request: { prompt: 'Create .github/workflows/ci.yml with the content "on: push"' } },
  ],
  [
    "whose last instruction cannot be carried out",
    { request: { prompt: "Delete gone.txt; move old.txt to a.txt" } },
  ],
  ["no rule understands", { request: { prompt: "Make it nicer" } }],
];

describe.each(SCENARIOS)("a run %s", (_name, scenario) => {
  test("ends the same when its process dies with an output in its hands, whichever it is", async () => {
    const whole = await set(scenario);
    expect(await whole.journal.attempt(whole.parts())).toBe(true);
    const expected = await seen(whole);
    await inParallel(Array.from({ length: whole.journal.outputs[0] ?? 0 }).keys(), async (at) => {
      const one = await set(scenario);
      expect(await one.journal.attempt(one.parts(), { kill: { at, kept: false } })).toBe(false);
      expect(await one.journal.attempt(one.parts()), `killed at ${at}`).toBe(true);
      expect(await seen(one), `killed at ${at}`).toEqual(expected);
    });
  });

  test("ends the same when process after process dies a few events further", async () => {
    const whole = await set(scenario);
    await whole.journal.attempt(whole.parts());
    const one = await set(scenario);
    while (!(await one.journal.attempt(one.parts(), { kill: { at: 8, kept: true } })));
    expect(await seen(one)).toEqual(await seen(whole));
    expect(one.journal.outputs.length).toBeGreaterThan(1);
  });
});
