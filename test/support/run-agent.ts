/** Runs an agent to its end and hands back everything it said. */
import type { Agent, AgentCheckpoint, AgentEvent, AgentOutcome, AgentTask } from "../../src/agent/agent.ts";
import type { Workspace } from "../../src/workspace/workspace.ts";

type Said = Exclude<AgentEvent, AgentCheckpoint>;

export interface AgentRun {
  /** Without the checkpoints. */
  readonly events: readonly Said[];
  readonly outcome: AgentOutcome;
}

/** A task with a budget that is never used up, no secrets, and nothing protected. */
export function taskFor(workspace: Workspace, prompt: string, more: Partial<AgentTask> = {}): AgentTask {
  const { signal } = new AbortController();
  return {
    prompt,
    workspace,
    budget: { maxTurns: 30, maxTokens: 1_000_000, maxCostUsd: 1, deadline: signal },
    redact: (text) => text,
    isProtected: () => false,
    signal,
    ...more,
  };
}

/** Every event and the outcome of one run. */
export async function runAgent(
  agent: Agent,
  workspace: Workspace,
  prompt: string,
  signal?: AbortSignal,
): Promise<AgentRun> {
  const events: Said[] = [];
  const run = agent.run(taskFor(workspace, prompt, signal === undefined ? {} : { signal }));
  for (;;) {
    const step = await run.next();
    if (step.done === true) return { events, outcome: step.value };
    if (step.value.type !== "checkpoint") events.push(step.value);
  }
}
