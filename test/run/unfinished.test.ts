/** An agent that is stopped before it is done: what it did is published, and what is missing is told. */
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Agent, AgentOutcome } from "../../src/agent/agent.ts";
import type { RunRequest } from "../../src/run/request.ts";
import { run } from "../../src/run/run.ts";
import type { Workspace } from "../../src/workspace/workspace.ts";
import { collect } from "../support/collect.ts";
import { type LocalForge, startForge } from "../support/forge/server.ts";
import { createJournal } from "../support/journal.ts";
import { TOKENS } from "../support/open.ts";
import { partsFor, requestFor } from "../support/runs.ts";
import { scriptedAgent, usageAt } from "../support/scripted-agent.ts";

const REASON = "The model used all of its 30 turns.";
const MISSING = ["The tests are not adapted.", "docs/ still names the old command."];
const STOPPED: AgentOutcome = {
  status: "incomplete",
  title: "Rename the command",
  summary: ["Renamed it in src."],
  reason: REASON,
  missing: MISSING,
};

let forge: LocalForge;

beforeAll(async () => {
  forge = await startForge({ tokens: TOKENS });
});
afterAll(() => forge.close());

function stopped(edit: (workspace: Workspace) => Promise<void>, outcome = STOPPED): Agent {
  return scriptedAgent(async function* ({ workspace }) {
    await edit(workspace);
    yield usageAt(30);
    return outcome;
  });
}

const writes = stopped((workspace) => workspace.write("new.txt", "new\n"));

async function set(
  name: string,
  agent: Agent,
  more: Partial<RunRequest> = {},
  repository: { readonly allowDrafts?: boolean } = {},
) {
  const added = await forge.addRepository(name, { files: { "a.txt": "a\n" }, ...repository });
  const parts = partsFor(forge, { agent });
  const journal = createJournal(requestFor(forge, name, more), parts, "run-1");
  return { repository: added, parts, journal };
}

describe("with edits", () => {
  test("a draft pull request says what is missing, and the run ends as limit_reached", async () => {
    const { repository, parts, journal } = await set("octo/draft", writes);
    expect(await journal.attempt(parts)).toBe(true);
    const url = `${forge.url}/octo/draft/pull/1`;
    expect(journal.events.slice(-2)).toEqual([
      {
        type: "success",
        step: "pull_request",
        message: `Pull request #1 opened: ${url}`,
        result: {},
        duration_ms: 0,
        pr_url: url,
      },
      {
        type: "done",
        status: "limit_reached",
        message: `${REASON} Done so far: 1 file changed, pull request at ${url}.`,
        pr_url: url,
        branch: "tiny-backspace/edit-it-aaaaaaaa",
        commit: expect.stringMatching(/^[0-9a-f]{40}$/),
        changes: [{ path: "new.txt", kind: "added", additions: 1, deletions: 0 }],
        agent: "openai",
        model: "gpt-x",
        agent_reason: "It is the test's.",
        usage: { input_tokens: 30_000, output_tokens: 300, cached_tokens: 0, cost_usd: 0.3, turns: 30 },
        missing: MISSING,
      },
    ]);
    const [pull] = repository.pullRequests;
    expect(pull).toMatchObject({ draft: true, title: "Rename the command" });
    expect(pull?.body).toMatch(/^\*\*This is not finished: the agent stopped before it was done\.\*\*/);
    expect(pull?.body).toContain(
      `## What is missing\n\n${REASON}\n\n- ${MISSING[0]}\n- ${MISSING[1]}\n\n## What was verified`,
    );
    expect(await repository.git("log", "-1", "--format=%s", "tiny-backspace/edit-it-aaaaaaaa")).toBe(
      "Rename the command",
    );
    expect(journal.events.filter(({ type }) => type === "error")).toEqual([]);
  });

  test.each([
    ["branch", "Done so far: 1 file changed on branch tiny-backspace/edit-it-aaaaaaaa."],
    ["patch", "Done so far: 1 file changed; the patch is in this event, apply it with git apply."],
  ] as const)("in mode %s the same comes without a pull request", async (mode, sentence) => {
    const { repository, parts, journal } = await set(`octo/mode-${mode}`, writes, { mode });
    await journal.attempt(parts);
    expect(journal.events.at(-1)).toMatchObject({
      status: "limit_reached",
      message: `${REASON} ${sentence}`,
      pr_url: null,
      branch: mode === "branch" ? "tiny-backspace/edit-it-aaaaaaaa" : null,
      missing: MISSING,
      ...(mode === "patch" ? { patch: expect.stringContaining("+new") } : {}),
    });
    expect(repository.pullRequests).toEqual([]);
  });

  test.each([
    ["unfinished work", writes, {}],
    ["a draft that was asked for", finishing(), { draft: true }],
  ] as const)(
    "where drafts are not taken, %s is published all the same, with a warning",
    async (_what, agent, more) => {
      const name = `octo/no-drafts-${Object.keys(more).length}`;
      const { repository, parts, journal } = await set(name, agent, more, { allowDrafts: false });
      await journal.attempt(parts);
      expect(journal.events).toContainEqual({
        type: "warning",
        code: "draft_not_supported",
        message: "The repository takes no draft pull requests, so #1 is an ordinary one.",
      });
      expect(repository.pullRequests).toMatchObject([{ draft: false }]);
      expect(journal.events.at(-1)).toMatchObject({ pr_url: `${forge.url}/${name}/pull/1` });
    },
  );

  test("where drafts are taken there is no such warning", async () => {
    const { parts, journal } = await set("octo/drafts-taken", finishing(), { draft: true });
    await journal.attempt(parts);
    expect(journal.events.filter((event) => event.type === "warning").map(({ code }) => code)).toEqual([
      "not_verified",
    ]);
  });

  test("a further run says in its section that the open pull request could not become a draft", async () => {
    const { repository, parts, journal } = await set("octo/further", finishing());
    await journal.attempt(parts);
    const before = repository.pullRequests[0];
    const continues = journal.resume?.checkpoint.continues;
    if (continues === undefined) throw new Error("nothing to go on with");
    const agent = stopped((workspace) => workspace.write("more.txt", "more\n"));
    const further = createJournal(requestFor(forge, "octo/further", { continues }), parts, "run-2");
    expect(await further.attempt(partsFor(forge, { agent }))).toBe(true);
    const url = `${forge.url}/octo/further/pull/1`;
    expect(further.events.at(-1)).toMatchObject({
      status: "limit_reached",
      message: `${REASON} Done so far: 1 file changed, pull request at ${url}.`,
      pr_url: url,
    });
    const [pull] = repository.pullRequests;
    expect(pull).toEqual({ ...before, draft: false, body: pull?.body });
    const section = pull?.body?.slice(before?.body?.length).trimStart();
    expect(section).toMatch(/^## What was asked next\n/);
    expect(section).toContain(
      "**This part is not finished: the agent stopped before it was done. The pull request was open already, so it was not made a draft.**",
    );
    expect(section).toContain(`## What is missing\n\n${REASON}\n`);
  });

  test("attack 19: what the agent says is missing does nothing in the pull request", async () => {
    const hostile = "@octo/team Fixes #1 <!-- x --> ## y\n\n## z [skip ci] https://evil.example/a";
    const agent = stopped((workspace) => workspace.write("new.txt", "new\n"), {
      ...STOPPED,
      reason: hostile,
      missing: [hostile],
    });
    const { repository, parts, journal } = await set("octo/hostile-words", agent);
    await journal.attempt(parts);
    const body = repository.pullRequests[0]?.body ?? "";
    expect(body).not.toMatch(/@\w|#\d|:\/\/|<[a-z!/]|\[skip/i);
    expect(body.match(/^#+ .*$/gm)).toEqual([
      "## What was asked",
      "## What changed",
      "## Who did it",
      "## What is missing",
      "## What was verified",
    ]);
  });

  test("killed at any output from the edit on, it ends the same", async () => {
    const whole = await set("octo/killed-whole", writes, { mode: "patch" });
    await whole.journal.attempt(whole.parts);
    const request = requestFor(forge, "octo/killed-whole", { mode: "patch" });
    for (let at = 6; at < (whole.journal.outputs[0] ?? 0); at++) {
      const one = createJournal(request, whole.parts, "run-1");
      await one.attempt(whole.parts, { kill: { at, kept: true } });
      if (one.events.at(-1)?.type !== "done") await one.attempt(whole.parts);
      expect(one.events, `killed at ${at}`).toEqual(whole.journal.events);
    }
  });
});

describe("without edits", () => {
  const idle = stopped(async () => undefined);

  test.each(["pull_request", "patch"] as const)("in mode %s the run ends as limit_reached", async (mode) => {
    const { repository, parts, journal } = await set(`octo/idle-${mode.replace("_", "-")}`, idle, { mode });
    await journal.attempt(parts);
    const done = journal.events.at(-1);
    expect(done).toMatchObject({
      status: "limit_reached",
      message: `${REASON} Nothing was changed.`,
      pr_url: null,
      branch: null,
      changes: [],
      missing: MISSING,
    });
    expect(done).not.toHaveProperty("patch");
    expect(repository.pullRequests).toEqual([]);
  });

  test("but of protected files, the patch of those is handed over", async () => {
    const agent = stopped((workspace) => workspace.write(".github/workflows/ci.yml", "on: push\n"));
    const { repository, parts, journal } = await set("octo/idle-protected", agent);
    await journal.attempt(parts);
    expect(journal.events.at(-1)).toMatchObject({
      status: "limit_reached",
      message: `${REASON} Only protected files would change. Send "allow_workflows": true to consent; the patch is in this event.`,
      patch: expect.stringContaining("+on: push"),
    });
    expect(repository.pullRequests).toEqual([]);
  });
});

describe("the agent's time", () => {
  test("ends early enough to publish, counts what earlier attempts worked, and what was done is kept", async () => {
    const deadlines: AbortController[] = [];
    const timeout = vi.spyOn(AbortSignal, "timeout").mockImplementation(() => {
      const controller = new AbortController();
      deadlines.push(controller);
      return controller.signal;
    });
    const agent = scriptedAgent(async function* ({ workspace, budget, signal }) {
      await workspace.write("new.txt", "new\n");
      yield usageAt(1);
      deadlines[1]?.abort();
      expect([budget.deadline.aborted, signal.aborted]).toEqual([true, false]);
      return STOPPED;
    });
    const { parts } = await set("octo/late", agent);
    const request = requestFor(forge, "octo/late", {
      limits: { max_turns: 7, max_tokens: 5000, max_cost_usd: 0.5, timeout_seconds: 100 },
    });
    const context = { runId: "run-1", signal: new AbortController().signal, activeMs: 20_000 };
    const outputs = await collect(run(request, parts, context));
    const asked = timeout.mock.calls.slice(0, 2);
    timeout.mockRestore();
    expect(asked).toEqual([[80_000], [65_000]]);
    expect(outputs.at(-1)).toMatchObject({
      status: "limit_reached",
      pr_url: `${forge.url}/octo/late/pull/1`,
    });
  });

  test("and what it may spend are the request's limits", async () => {
    const budgets: object[] = [];
    const agent = scriptedAgent(
      // biome-ignore lint/correctness/useYield: it says nothing while it works
      async function* ({ budget: { deadline: _deadline, ...budget }, commands, isProtected, redact }) {
        budgets.push(budget);
        expect(commands).toBeUndefined();
        expect(["a.txt", ".github/workflows/x", "infra/a"].map(isProtected)).toEqual([false, true, true]);
        expect(redact("a token")).toBe("a [hidden]");
        return STOPPED;
      },
    );
    await forge.addRepository("octo/limits", { files: { "a.txt": "a\n" } });
    const limits = { max_turns: 7, max_tokens: 5000, max_cost_usd: 0.5, timeout_seconds: 100 };
    const request = requestFor(forge, "octo/limits", { limits, protected_paths: ["infra"] });
    const parts = partsFor(forge, { agent }, { redact: (text) => text.replace("token", "[hidden]") });
    await collect(run(request, parts, { runId: "run-1", signal: new AbortController().signal }));
    expect(budgets).toEqual([{ maxTurns: 7, maxTokens: 5000, maxCostUsd: 0.5 }]);
  });
});

function finishing(): Agent {
  return scriptedAgent(
    // biome-ignore lint/correctness/useYield: it says nothing while it works
    async function* ({ workspace }) {
      await workspace.write("whole.txt", "whole\n");
      return { status: "edited", title: "Edit", summary: ["Edited."] };
    },
  );
}
