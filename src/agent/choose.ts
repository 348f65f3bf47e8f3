/** Picks the agent for a request and says why, for the events and the pull request. */
import type { Agent, AgentName } from "./agent.ts";

export interface AgentChoice {
  readonly agent: Agent;
  /** A sentence. */
  readonly reason: string;
  /** True when another agent was asked for. */
  readonly fallback: boolean;
}

export interface AgentWish {
  readonly use_llm: boolean;
  readonly llm_provider: AgentName;
}

/** The asked-for agent when it is there; else the rule-based one, which needs nothing. */
export function chooseAgent(rules: Agent, { use_llm, llm_provider }: AgentWish): AgentChoice {
  if (!use_llm) {
    return {
      agent: rules,
      reason: "The request did not ask for a language model (use_llm is false), so fixed rules did the work.",
      fallback: false,
    };
  }
  const wanted = llm_provider === "rule_based" ? "a language model" : `the ${llm_provider} agent`;
  return {
    agent: rules,
    reason: `The request asked for ${wanted}, which this service does not have yet, so fixed rules did the work.`,
    fallback: true,
  };
}
