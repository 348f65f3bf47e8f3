/** Runs an agent to its end and hands back everything it said. */
import type { Agent, AgentCheckpoint, AgentEvent, AgentOutcome } from "../../src/agent/agent.ts";
import type { Workspace } from "../../src/workspace/workspace.ts";

type Said = Exclude<AgentEvent, AgentCheckpoint>;

export interface AgentRun {
  /** Without the checkpoints. */
  readonly events: readonly Said[];
  readonly outcome: AgentOutcome;
}

/** Every event and the outcome of one run. */
export async function runAgent(
  agent: Agent,
  workspace: Workspace,
  prompt: string,
  signal: AbortSignal = new AbortController().signal,
): Promise<AgentRun> {
  const events: Said[] = [];
  const run = agent.run({ prompt, workspace, signal });
  for (;;) {
    const step = await run.next();
    if (step.done === true) return { events, outcome: step.value };
    if (step.value.type !== "checkpoint") events.push(step.value);
  }
}
