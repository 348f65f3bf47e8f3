/** Attack 24: a run sleeps through a rate limit without a process, and no request leaves before it is over. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RunDeps } from "../../src/run/deps.ts";
import { type LocalForge, startForge } from "../support/forge/server.ts";
import { createJournal } from "../support/journal.ts";
import { TOKENS } from "../support/open.ts";
import { partsFor, requestFor } from "../support/runs.ts";

const NOW = Date.parse("2026-01-02T03:04:05Z");
const HOUR = 3_600_000;

let forge: LocalForge;

beforeAll(async () => {
  forge = await startForge({ tokens: TOKENS });
});
afterAll(() => forge.close());

async function set(name: string) {
  await forge.addRepository(name, { files: { "a.txt": "a\n" } });
  forge.faults.clear();
  forge.log.clear();
  let time = NOW;
  const parts = (): RunDeps =>
    partsFor(forge, { forge: { maxWait: 10_000, now: () => time } }, { now: () => new Date(time) });
  const request = requestFor(forge, name, { prompt: "Delete a.txt" });
  return {
    parts,
    journal: createJournal(request, parts(), "run-1"),
    wait: (milliseconds: number) => {
      time += milliseconds;
    },
  };
}

function limitOnce(match: Parameters<LocalForge["faults"]["add"]>[0]["match"], seconds: number) {
  forge.faults.add({
    match: { nth: 1, ...match },
    action: {
      status: 403,
      headers: { "retry-after": `${seconds}` },
      body: { message: "secondary rate limit" },
    },
  });
}

test.each([
  ["the first request", { method: "GET", path: /\/repos\/octo\/[\w-]+$/ }, "preflight"],
  ["the pull request", { method: "POST", path: /\/pulls$/ }, "pull_request"],
])(
  "at %s, the run asks to be resumed when the limit is over, and goes on in that step",
  async (what, match, step) => {
    const { journal, parts, wait } = await set(`octo/limited-${step.replace("_", "-")}`);
    limitOnce(match, 3600);
    expect(await journal.attempt(parts(), { context: { maxSuspendMs: 2 * HOUR } })).toBe(false);
    expect(journal.until).toBe(NOW + HOUR);
    expect(journal.events.slice(-2)).toMatchObject([
      { type: "progress", step },
      {
        type: "warning",
        code: "waiting",
        message: "A rate limit is used up; the run goes on by itself after 2026-01-02T04:04:05.000Z.",
      },
    ]);
    const before = forge.log.lines().length;
    wait(HOUR);
    expect(forge.log.lines().length, what).toBe(before);
    expect(await journal.attempt(parts(), { context: { maxSuspendMs: HOUR } })).toBe(true);
    expect(journal.until).toBeUndefined();
    expect(
      journal.events.filter((event) => "step" in event && event.step === step).map(({ type }) => type),
    ).toEqual(["progress", "success"]);
    expect(journal.events.at(-1)).toMatchObject({ status: "succeeded" });
  },
);

test.each([
  ["longer than the run may be suspended", { maxSuspendMs: HOUR - 1 }],
  ["nothing the host can sleep through", {}],
])("a limit that is %s ends the run, and says when to try again", async (_what, context) => {
  const { journal, parts } = await set(`octo/unlucky-${Object.keys(context).length}`);
  limitOnce({ kind: "rest" }, 3600);
  expect(await journal.attempt(parts(), { context })).toBe(true);
  expect(journal.until).toBeUndefined();
  expect(journal.events.slice(-2)).toMatchObject([
    {
      type: "error",
      code: "rate_limited",
      retryable: true,
      message: expect.stringContaining("Try again after 2026-01-02T04:04:05.000Z."),
    },
    { type: "done", status: "failed" },
  ]);
});

test("a git server that asks to slow down is waited for in the same way", async () => {
  const { journal, parts } = await set("octo/slow-git");
  forge.faults.add({
    match: { service: "receive-pack", nth: 1 },
    action: { status: 429, headers: { "retry-after": "600" }, body: "" },
  });
  expect(await journal.attempt(parts(), { context: { maxSuspendMs: Number.POSITIVE_INFINITY } })).toBe(false);
  expect(journal.until).toBeGreaterThan(NOW);
  expect(await journal.attempt(parts())).toBe(true);
  expect(forge.repository("octo/slow-git").pullRequests).toHaveLength(1);
});

test("time that earlier attempts worked counts towards the run's limit; time asleep does not", async () => {
  const { journal, parts } = await set("octo/late");
  expect(await journal.attempt(parts(), { context: { activeMs: 60_000 } })).toBe(true);
  expect(journal.events.slice(-2)).toMatchObject([
    { type: "error", code: "timeout", retryable: true },
    {
      type: "done",
      status: "limit_reached",
      message: "The run took longer than its limit of 60 s (limits.timeout_seconds).",
    },
  ]);
});
