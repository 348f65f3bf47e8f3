/** Lets the agent work: gives it its task, and makes what it says into events and checkpoints of the run. */
import type { AgentCheckpoint, AgentEvent, AgentOutcome, AgentTask } from "../agent/agent.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { RunOutput } from "./checkpoint.ts";
import type { RunEvent } from "./events.ts";
import { protectionOf } from "./protected-paths.ts";
import { checkpointMark } from "./resume.ts";
import { known, nameOf, type RunState } from "./state.ts";

/** Each turn's checkpoint becomes the run's own, with all that the turn appended. Leaving ends the agent's work. */
export async function* agentAtWork(
  state: RunState,
  workspace: Workspace,
): AsyncGenerator<RunOutput, AgentOutcome> {
  let outcome: AgentOutcome | undefined;
  async function* atWork(): AsyncGenerator<AgentEvent> {
    outcome = yield* state.chosen.agent.run(taskOf(state, workspace));
  }
  let turnEnd: { readonly append: readonly unknown[] } | undefined;
  for await (const event of atWork()) {
    state.signal.throwIfAborted();
    if (event.type === "checkpoint") {
      state.facts.transcript = event.transcript;
      turnEnd = { append: [...(turnEnd?.append ?? []), ...(event.append ?? [])] };
      continue;
    }
    const said = hear(state, event);
    if (turnEnd !== undefined) yield checkpointMark(state, turnEnd);
    turnEnd = undefined;
    yield said;
  }
  return known(outcome, "outcome");
}

function taskOf(state: RunState, workspace: Workspace): AgentTask {
  const { deps, facts, prompt, request, savedEntries, signal } = state;
  return {
    prompt,
    repository: nameOf(known(facts.repository, "repository").ref),
    workspace,
    budget: {
      maxTurns: request.limits.max_turns,
      maxTokens: request.limits.max_tokens,
      maxCostUsd: request.limits.max_cost_usd,
      deadline: state.agentDeadline,
    },
    redact: deps.redact,
    isProtected: protectionOf(request),
    signal,
    ...(facts.transcript === undefined ? {} : { transcript: facts.transcript }),
    ...(savedEntries === undefined ? {} : { entries: savedEntries }),
  };
}

/** The run's event for one of the agent's, after the facts have taken it in. */
function hear({ facts }: RunState, event: Exclude<AgentEvent, AgentCheckpoint>): RunEvent {
  if (event.type === "tool") return { ...event, input: { ...event.input } };
  if (event.type === "usage") {
    const { type: _type, message: _message, ...usage } = event;
    facts.usage = usage;
  }
  if (event.type !== "fallback") return event;
  const { message, from, to, reason } = event;
  const fallback = { from, to, reason };
  facts.agent = { ...to, reason };
  facts.fallbacks = [...facts.fallbacks, fallback];
  return { type: "warning", message, code: "agent_fallback", fallback };
}
