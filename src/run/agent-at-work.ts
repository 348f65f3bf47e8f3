/** Lets the agent work: gives it its task, and makes what it says into events and checkpoints of the run. */
import type { AgentCheckpoint, AgentEvent, AgentOutcome, AgentTask, Feedback } from "../agent/agent.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { RunOutput } from "./checkpoint.ts";
import type { RunEvent } from "./events.ts";
import { protectionOf } from "./protected-paths.ts";
import { checkpointMark } from "./resume.ts";
import { sandboxOf } from "./sandbox-of.ts";
import { known, nameOf, type RunState } from "./state.ts";

/**
 * Each turn's checkpoint becomes the run's own, with all that the turn appended. Leaving ends the agent's work. With
 * `feedback` the agent goes on with work that it had finished.
 */
export async function* agentAtWork(
  state: RunState,
  workspace: Workspace,
  feedback?: Feedback,
): AsyncGenerator<RunOutput, AgentOutcome> {
  let outcome: AgentOutcome | undefined;
  const task = { ...(await taskOf(state, workspace)), ...(feedback === undefined ? {} : { feedback }) };
  async function* atWork(): AsyncGenerator<AgentEvent> {
    outcome = yield* state.chosen.agent.run(task);
  }
  let turnEnd: { readonly append: readonly unknown[] } | undefined;
  for await (const event of atWork()) {
    state.signal.throwIfAborted();
    if (event.type === "checkpoint") {
      state.facts.transcript = event.transcript;
      const append = event.append ?? [];
      turnEnd = { append: [...(turnEnd?.append ?? []), ...append] };
      state.savedEntries = [...(state.savedEntries ?? []), ...append];
      continue;
    }
    const said = hear(state, event);
    if (turnEnd !== undefined) yield checkpointMark(state, turnEnd);
    turnEnd = undefined;
    yield said;
  }
  return known(outcome, "outcome");
}

async function taskOf(state: RunState, workspace: Workspace): Promise<AgentTask> {
  const { deps, facts, prompt, request, savedEntries, signal } = state;
  // Rules run nothing: for them the repository need not be asked how.
  const sandbox = facts.agent.model === undefined ? undefined : await sandboxOf(state, workspace);
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
    ...(sandbox === undefined ? {} : { commands: sandbox.commands.commands }),
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
