/** An agent that does and says what a test scripts, as one with a model would. */
import type { Agent, AgentEvent, AgentIdentity, AgentOutcome, AgentTask } from "../../src/agent/agent.ts";

export const GPT: AgentIdentity = { name: "openai", model: "gpt-x" };
export const CLAUDE: AgentIdentity = { name: "anthropic", model: "claude-x" };

export type AgentScript = (task: AgentTask) => AsyncGenerator<AgentEvent, AgentOutcome>;

export function scriptedAgent(run: AgentScript, identity: AgentIdentity = GPT): Agent {
  return { ...identity, run };
}

/** One tool call, which a turn may end with. */
export function toolCall(name: string): AgentEvent {
  return { type: "tool", message: name, name: "edit_file", input: { path: name }, status: "ok" };
}

/** What the models of a scripted agent have used by the end of a turn. */
export function usageAt(turns: number): Extract<AgentEvent, { type: "usage" }> {
  return {
    type: "usage",
    message: `Turn ${turns}.`,
    input_tokens: 1000 * turns,
    output_tokens: 10 * turns,
    cached_tokens: 0,
    cost_usd: 0.01 * turns,
    turns,
  };
}
