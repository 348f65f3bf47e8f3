/** Who did the work, read off a log by a host that has to end a run itself. */
import { expect, test } from "vitest";
import type { RunEvent } from "../../../src/run/events.ts";
import { createReached } from "../../../src/run/host/reached.ts";

const GPT = { name: "openai", model: "gpt-x" } as const;
const CLAUDE = { name: "anthropic", model: "claude-x" } as const;
const RULES = { name: "rule_based" } as const;

function factsAfter(...events: readonly RunEvent[]) {
  const reached = createReached();
  for (const event of events) reached.see(event);
  const { agent, model, agent_reason, fallbacks } = reached.facts();
  return { agent, model, agent_reason, fallbacks };
}

const info: RunEvent = {
  type: "info",
  message: "Working.",
  agent: "openai",
  model: "gpt-x",
  agent_reason: "It was asked for.",
};

test("the agent is the one the run began with, until another takes over", () => {
  expect(factsAfter(info)).toEqual({
    agent: "openai",
    model: "gpt-x",
    agent_reason: "It was asked for.",
    fallbacks: undefined,
  });
  const first = { from: GPT, to: CLAUDE, reason: "It is overloaded." };
  const second = { from: CLAUDE, to: RULES, reason: "It has no credit." };
  const warning = (fallback: typeof first | typeof second): RunEvent => ({
    type: "warning",
    message: "Another goes on.",
    code: "agent_fallback",
    fallback,
  });
  expect(factsAfter(info, warning(first))).toEqual({
    agent: "anthropic",
    model: "claude-x",
    agent_reason: "It is overloaded.",
    fallbacks: [first],
  });
  expect(
    factsAfter(info, warning(first), { type: "progress", step: "edit", message: "…" }, warning(second)),
  ).toEqual({
    agent: "rule_based",
    model: undefined,
    agent_reason: "It has no credit.",
    fallbacks: [first, second],
  });
});
