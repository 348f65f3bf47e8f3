/** The rule-based agent stopped behind any instruction, and started again from what it said there. */
import { expect, test } from "vitest";
import type { AgentEvent, AgentOutcome } from "../../src/agent/agent.ts";
import { createRuleAgent } from "../../src/agent/rules/agent.ts";
import type { Workspace } from "../../src/workspace/workspace.ts";
import { createMemoryWorkspace } from "../support/memory-workspace.ts";
import { taskFor } from "../support/run-agent.ts";

const agent = createRuleAgent();
const FILES = { "a.txt": "foo\n", "b.txt": "foo\n", "c.txt": "c\n", "mine.txt": "before\n" };

interface Heard {
  readonly events: AgentEvent[];
  readonly outcome: AgentOutcome | undefined;
}

/** Runs the agent to its end, or to the event behind its checkpoint number `stop`. */
async function hear(
  workspace: Workspace,
  prompt: string,
  transcript?: unknown,
  stop?: number,
): Promise<Heard> {
  const run = agent.run(taskFor(workspace, prompt, transcript === undefined ? {} : { transcript }));
  const events: AgentEvent[] = [];
  let checkpoints = 0;
  for (;;) {
    const next = await run.next();
    if (next.done === true) return { events, outcome: next.value };
    events.push(next.value);
    if (checkpoints === stop) return { events, outcome: undefined };
    if (next.value.type === "checkpoint") checkpoints++;
  }
}

function transcriptIn(events: readonly AgentEvent[]): unknown {
  const last = events.findLast((event) => event.type === "checkpoint");
  return last === undefined ? undefined : JSON.parse(JSON.stringify(last.transcript));
}

test("each instruction's last event comes behind the checkpoint of its turn", async () => {
  const { events } = await hear(createMemoryWorkspace(FILES), 'Replace "foo" with "bar"; delete c.txt');
  expect(
    events.map((event) => (event.type === "tool" ? `${event.message} ${event.status}` : event.type)),
  ).toEqual([
    "Edit a.txt started",
    "Edit a.txt ok",
    "Edit b.txt started",
    "checkpoint",
    "Edit b.txt ok",
    "Delete c.txt started",
    "checkpoint",
    "Delete c.txt ok",
  ]);
});

test.each([
  [
    "instructions that all work",
    'Replace "foo" with "bar"; delete c.txt; move a.txt to d.txt; create e.txt with "e"',
  ],
  ["one that asks for what is so already", 'Delete c.txt; create mine.txt with "before"; delete b.txt'],
  ["one that cannot be carried out, which takes back all", "Delete c.txt; delete b.txt; delete nothing.txt"],
])("stopped behind any turn it says and does the rest: %s", async (_what, prompt) => {
  const whole = createMemoryWorkspace(FILES);
  // an edit from before the prompt, which no failure takes back
  await whole.write("mine.txt", "edited\n");
  const expected = await hear(whole, prompt);
  const turns = expected.events.filter(({ type }) => type === "checkpoint").length;
  expect(turns).toBeGreaterThan(0);
  for (let stop = 1; stop <= turns; stop++) {
    const workspace = createMemoryWorkspace(FILES);
    await workspace.write("mine.txt", "edited\n");
    const first = await hear(workspace, prompt, undefined, stop);
    const rest = await hear(workspace, prompt, transcriptIn(first.events));
    expect([...first.events, ...rest.events], `${stop}`).toEqual(expected.events);
    expect(rest.outcome).toEqual(expected.outcome);
    expect(workspace.snapshot()).toEqual(whole.snapshot());
  }
});

test("a transcript of another agent is a defect, not a beginning", async () => {
  await expect(hear(createMemoryWorkspace(FILES), "Delete c.txt", { messages: [] })).rejects.toThrow();
});
