/** Checks that a run has no time for, and repairs that nothing is left for. */
import { expect, test } from "vitest";
import type { AgentTask } from "../../src/agent/agent.ts";
import { change, checkedRuns, FILES } from "../support/checked-runs.ts";
import { scriptedAgent, usageAt } from "../support/scripted-agent.ts";

const { ran, set } = checkedRuns();

const limits = { max_turns: 1, max_tokens: 100_000, max_cost_usd: 0, timeout_seconds: 12 };

test("a check that hangs has failed, and the work is published as a draft", async () => {
  const { done, repository, section } = await ran(FILES, change, {
    limits,
    test_command: "echo a; sleep 1000",
  });
  expect(done).toMatchObject({
    status: "succeeded",
    verification: {
      status: "failed",
      message: expect.stringMatching(/^The command "echo a; sleep 1000" timed out after \d s\.$/),
      ending: "timed_out",
    },
  });
  expect(repository.pullRequests[0]?.draft).toBe(true);
  expect(section).toContain("\n- The run had no more time for it (limits.timeout_seconds).\n");
});

test("a setup that takes all of the run's time is no verdict on the change", async () => {
  const commands = { setup_command: "sleep 1000", test_command: "true" };
  const { done, repository } = await ran(FILES, change, { limits, ...commands });
  expect(done).toMatchObject({
    status: "succeeded",
    verification: {
      status: "not_verified",
      message: expect.stringMatching(
        /^The setup command "sleep 1000" timed out after \d s: the run had no more time for it\.$/,
      ),
    },
  });
  expect(repository.pullRequests[0]?.draft).toBe(false);
});

test("an agent that was stopped in a repair is not asked again by another process", async () => {
  const heard: (number | undefined)[] = [];
  const agent = scriptedAgent(async function* ({ workspace, feedback }: AgentTask) {
    heard.push(feedback?.number);
    await workspace.write("a.txt", feedback === undefined ? "bad\n" : "half\n");
    yield usageAt(heard.length);
    return feedback === undefined
      ? { status: "edited", title: "Mine", summary: [] }
      : { status: "incomplete", title: "x", summary: [], reason: "No turns are left.", missing: [] };
  });
  const files = { test_command: "grep -q good a.txt" };
  const whole = await set(FILES, agent, files);
  await whole.journal.attempt(whole.parts());
  expect(heard).toEqual([undefined, 1]);
  const [outputs = 0] = whole.journal.outputs;
  for (let last = outputs - 1; last >= 0; last -= 1) {
    const one = await set(FILES, agent, files);
    heard.length = 0;
    await one.journal.attempt(one.parts(), { kill: { at: last, kept: true } });
    const end = one.journal.events.at(-1);
    if (end?.type !== "progress" || !end.message.startsWith("The agent has gone over")) continue;
    expect(await one.journal.attempt(one.parts())).toBe(true);
    expect(heard).toEqual([undefined, 1]);
    return;
  }
  throw new Error("the agent was not stopped in a repair");
});
