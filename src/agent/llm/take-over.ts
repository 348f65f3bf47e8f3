/** The rules in a model's place: from the start when no model can be used, or where the last one failed. */
import type { Agent, AgentEvent, AgentOutcome, AgentTask } from "../agent.ts";
import { titleOf } from "./endings.ts";
import type { RuleProgress } from "./progress.ts";

/** Whatever models had edited stays; where they had, nobody knows what is missing, so the work counts as unfinished. */
export async function* rulesAtWork(
  rules: Agent,
  task: AgentTask,
  progress: RuleProgress,
): AsyncGenerator<AgentEvent, AgentOutcome> {
  const { transcript: _ours, entries: _conversation, ...rest } = task;
  const earlier = progress.rules === undefined ? {} : { transcript: progress.rules };
  const work = rules.run({ ...rest, ...earlier });
  for (;;) {
    const next = await work.next();
    if (next.done === true) return conclusion(next.value, progress, task.prompt);
    const event = next.value;
    yield event.type === "checkpoint"
      ? { ...event, transcript: { ...progress, rules: event.transcript } }
      : event;
  }
}

function conclusion(outcome: AgentOutcome, { reason, made }: RuleProgress, prompt: string): AgentOutcome {
  if (reason === undefined) return outcome;
  if (outcome.status === "no_changes" && !made) return { ...outcome, reason: `${reason} ${outcome.reason}` };
  if (outcome.status === "incomplete" || !made) return outcome;
  const byRules = outcome.status === "edited" ? outcome : undefined;
  return {
    status: "incomplete",
    title: byRules?.title ?? titleOf(prompt),
    summary: byRules?.summary ?? ["Edits that a model made before it failed."],
    reason,
    missing: [
      "The model failed before it said that it was done; its edits so far are here.",
      ...(outcome.status === "no_changes" ? [outcome.reason] : []),
    ],
  };
}
