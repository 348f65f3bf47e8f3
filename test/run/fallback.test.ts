/** Another agent or model takes over: the edits stay, and everybody is told who did the work and why. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Agent, AgentEvent, AgentOutcome } from "../../src/agent/agent.ts";
import type { RunDeps } from "../../src/run/deps.ts";
import { recordedEventSchema } from "../../src/run/events.ts";
import { type LocalForge, startForge } from "../support/forge/server.ts";
import { createJournal } from "../support/journal.ts";
import { TOKENS } from "../support/open.ts";
import { partsFor, requestFor } from "../support/runs.ts";
import { CLAUDE, GPT, scriptedAgent, toolCall, usageAt } from "../support/scripted-agent.ts";

const EDITED: AgentOutcome = { status: "edited", title: "Edit", summary: ["Edited."] };
const OVERLOADED = "OpenAI is overloaded.";
const FALLBACK: Extract<AgentEvent, { type: "fallback" }> = {
  type: "fallback",
  message: "OpenAI is overloaded, so claude-x goes on.",
  from: GPT,
  to: CLAUDE,
  reason: OVERLOADED,
};

let forge: LocalForge;

beforeAll(async () => {
  forge = await startForge({ tokens: TOKENS });
});
afterAll(() => forge.close());

async function set(name: string, agent: Agent, more: Partial<RunDeps> = {}) {
  const repository = await forge.addRepository(name, { files: { "a.txt": "a\n" } });
  const parts = partsFor(forge, { agent }, more);
  return { repository, parts, journal: createJournal(requestFor(forge, name), parts, "run-1") };
}

const twoModels = scriptedAgent(async function* ({ workspace }) {
  await workspace.write("one.txt", "1\n");
  yield { type: "checkpoint", transcript: { turn: 1 } };
  yield usageAt(1);
  yield FALLBACK;
  await workspace.write("two.txt", "2\n");
  yield { type: "checkpoint", transcript: { turn: 2 } };
  yield usageAt(2);
  return EDITED;
});

const BODY = `## Who did it

anthropic (claude-x). OpenAI is overloaded.

- openai (gpt-x) gave way to anthropic (claude-x). OpenAI is overloaded.

Used: 2 turns, 2,000 tokens in, 20 out, $0.0200.
`;

test("a model that takes over in the middle goes on with the edits, and both are told everywhere", async () => {
  const { repository, parts, journal } = await set("octo/in-the-middle", twoModels);
  expect(await journal.attempt(parts)).toBe(true);
  expect(journal.events[0]).toMatchObject({
    message: "Working on octo/in-the-middle with the openai agent (gpt-x).",
    agent: "openai",
    model: "gpt-x",
  });
  const fallback = { from: GPT, to: CLAUDE, reason: OVERLOADED };
  expect(journal.events).toContainEqual({
    type: "warning",
    code: "agent_fallback",
    message: "OpenAI is overloaded, so claude-x goes on.",
    fallback,
  });
  expect(journal.events.at(-1)).toMatchObject({
    status: "succeeded",
    changes: [{ path: "one.txt" }, { path: "two.txt" }],
    agent: "anthropic",
    model: "claude-x",
    agent_reason: OVERLOADED,
    fallbacks: [fallback],
    usage: { turns: 2, cost_usd: 0.02 },
  });
  expect(repository.pullRequests[0]?.body).toContain(BODY);
  for (const [i, event] of journal.events.entries())
    expect(
      recordedEventSchema.safeParse({ seq: i + 1, time: "2026-01-02T03:04:05Z", ...event }).error,
    ).toBeUndefined();
});

test("an agent that nobody took over from is told as such, without a word of fallbacks", async () => {
  const agent = scriptedAgent(async function* ({ workspace }) {
    await workspace.write("one.txt", "1\n");
    yield usageAt(1);
    return EDITED;
  });
  const { repository, parts, journal } = await set("octo/alone", agent);
  await journal.attempt(parts);
  const done = journal.events.at(-1);
  expect(done).toMatchObject({ agent: "openai", model: "gpt-x", agent_reason: "It is the test's." });
  expect(done).not.toHaveProperty("fallbacks");
  expect(done).not.toHaveProperty("missing");
  expect(repository.pullRequests[0]?.body).toContain(
    "## Who did it\n\nopenai (gpt-x). It is the test's.\n\nUsed: 1 turn, 1,000 tokens in, 10 out, $0.0100.\n\n## What was",
  );
});

test("what was missing when the run began is told first, one warning for each agent that was passed over", async () => {
  const fallbacks = [
    { from: GPT, to: CLAUDE, reason: "There is no OpenAI key." },
    { from: CLAUDE, to: { name: "rule_based" } as const, reason: "There is no Anthropic key." },
  ];
  const rules = scriptedAgent(
    // biome-ignore lint/correctness/useYield: it says nothing while it works
    async function* ({ workspace }) {
      await workspace.write("one.txt", "1\n");
      return EDITED;
    },
    { name: "rule_based" },
  );
  const chosen = { agent: rules, reason: "No model can be reached.", fallbacks };
  const { repository, parts, journal } = await set("octo/no-key", rules, { chooseAgent: () => chosen });
  await journal.attempt(parts);
  const [info, ...others] = journal.events;
  expect(info).toMatchObject({ agent: "rule_based", agent_reason: "No model can be reached." });
  expect(info).not.toHaveProperty("model");
  expect(others.slice(0, 3)).toMatchObject([
    { type: "warning", code: "agent_fallback", message: "There is no OpenAI key.", fallback: fallbacks[0] },
    {
      type: "warning",
      code: "agent_fallback",
      message: "There is no Anthropic key.",
      fallback: fallbacks[1],
    },
    { type: "progress", step: "preflight" },
  ]);
  expect(journal.events.at(-1)).toMatchObject({
    agent: "rule_based",
    agent_reason: "No model can be reached.",
    fallbacks,
  });
  expect(repository.pullRequests[0]?.body).toContain(`rule_based. No model can be reached.

- openai (gpt-x) gave way to anthropic (claude-x). There is no OpenAI key.
- anthropic (claude-x) gave way to rule_based. There is no Anthropic key.

## What was verified`);
});

/** Says in its transcript how far it is and appends what each turn was; fails unless it gets back all of it. */
const remembering = scriptedAgent(async function* ({ workspace, transcript, entries }) {
  const from = (transcript as { turn: number } | undefined)?.turn ?? 0;
  expect(entries ?? []).toEqual(
    Array.from({ length: from }, (_, i) => [`asked ${i + 1}`, `answered ${i + 1}`]).flat(),
  );
  for (let turn = from + 1; turn <= 4; turn++) {
    yield { type: "text", message: "…", delta: `turn ${turn} ` };
    await workspace.write(`${turn}.txt`, `${turn}\n`);
    if (turn === 3) yield FALLBACK;
    yield { type: "checkpoint", transcript: { turn: turn - 1 }, append: [`asked ${turn}`] };
    yield { type: "checkpoint", transcript: { turn }, append: [`answered ${turn}`] };
    yield usageAt(turn);
  }
  return EDITED;
});

test("killed at any output, an agent goes on with all it appended, said once and in order", async () => {
  const { parts } = await set("octo/remembering", remembering);
  const request = requestFor(forge, "octo/remembering", { mode: "patch" });
  const whole = createJournal(request, parts, "run-1");
  expect(await whole.attempt(parts)).toBe(true);
  expect(whole.resume?.entries).toEqual(
    [1, 2, 3, 4].flatMap((turn) => [`asked ${turn}`, `answered ${turn}`]),
  );
  for (let at = 0; at < (whole.outputs[0] ?? 0); at++) {
    const one = createJournal(request, parts, "run-1");
    const kill = { at, kept: at % 2 === 0 };
    expect(await one.attempt(parts, { kill }), `killed at ${at}`).toBe(false);
    expect(await one.attempt(parts), `killed at ${at}`).toBe(true);
    expect(one.events, `killed at ${at}`).toEqual(whole.events);
    expect(one.resume, `killed at ${at}`).toEqual(whole.resume);
  }
});

test("a run goes on with the agent there is, behind the turns of the one before", async () => {
  const stuck = Promise.withResolvers<void>();
  const first = scriptedAgent(async function* ({ workspace, signal }) {
    await workspace.write("one.txt", "1\n");
    yield { type: "checkpoint", transcript: { turn: 1 } };
    yield usageAt(1);
    stuck.resolve();
    await new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    });
    return EDITED;
  });
  const rules = { name: "rule_based" } as const;
  const fallback = { from: GPT, to: rules, reason: "The key is gone." };
  const second = scriptedAgent(async function* ({ workspace, transcript }) {
    expect(transcript).toEqual({ turn: 1 });
    yield { type: "fallback", message: "The key is gone, so the rules go on.", ...fallback };
    await workspace.write("two.txt", "2\n");
    return EDITED;
  }, rules);
  const { repository, parts, journal } = await set("octo/other-process", first);
  expect(await journal.attempt(parts, { killWhen: stuck.promise })).toBe(false);
  expect(await journal.attempt(partsFor(forge, { agent: second }))).toBe(true);
  expect(journal.events.at(-1)).toMatchObject({
    status: "succeeded",
    changes: [{ path: "one.txt" }, { path: "two.txt" }],
    agent: "rule_based",
    agent_reason: "The key is gone.",
    fallbacks: [fallback],
    usage: { turns: 1 },
  });
  expect(journal.events.at(-1)).not.toHaveProperty("model");
  expect(repository.pullRequests).toHaveLength(1);
});

test("leaving a run ends what its agent is doing", async () => {
  let ended = false;
  const agent = scriptedAgent(async function* () {
    try {
      for (;;) yield toolCall("again");
    } finally {
      ended = true;
    }
  });
  const { parts, journal } = await set("octo/left", agent);
  expect(await journal.attempt(parts, { kill: { at: 30, kept: true } })).toBe(false);
  expect(ended).toBe(true);
});
