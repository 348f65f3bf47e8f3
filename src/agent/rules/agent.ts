/** The agent that needs no model: it carries out the prompts its rules understand, to the letter, and refuses all others. */
import type { Agent, AgentEvent, AgentOutcome, AgentTask } from "../agent.ts";
import { type PlannedInstruction, planPrompt } from "./plan.ts";
import { createRules } from "./registry.ts";
import { failed, type RuleOutcome, type RuleRun } from "./rule.ts";
import { isEditError } from "./steps.ts";
import { createUndo } from "./undo.ts";
import { oneLine, quote, subject } from "./wording.ts";

export interface RuleAgentOptions {
  /** The clock, for the year in a license. */
  readonly now?: () => Date;
}

/** The rule-based agent. It is deterministic: same repository, prompt and year, same change. */
export function createRuleAgent({ now = () => new Date() }: RuleAgentOptions = {}): Agent {
  const rules = createRules(now);
  const understood = rules.flatMap((rule) => rule.examples);
  return {
    name: "rule_based",
    async *run(task) {
      task.signal.throwIfAborted();
      const plan = planPrompt(task.prompt, rules);
      if (!plan.ok) return { status: "no_changes", reason: plan.reason, understood };
      return yield* carryOut(task, plan.planned, understood);
    },
  };
}

type Edited = Extract<RuleOutcome, { status: "edited" }>;

async function* carryOut(
  task: AgentTask,
  planned: readonly PlannedInstruction[],
  understood: readonly string[],
): AsyncGenerator<AgentEvent, AgentOutcome> {
  const undo = await createUndo(task.workspace);
  const edited: Edited[] = [];
  const left: string[] = [];
  for (const [index, { instruction, plan }] of planned.entries()) {
    task.signal.throwIfAborted();
    const outcome = yield* guarded(plan.run(task));
    if (outcome.status === "edited") edited.push(outcome);
    else if (outcome.status === "already") left.push(outcome.reason);
    else {
      await undo();
      return {
        status: "no_changes",
        reason: sentence(failure(outcome.reason, instruction.text, index, planned)),
        understood,
      };
    }
  }
  return conclude(edited, left, understood);
}

/** What the workspace refuses outside of a step, a glob or a folder's name, is an ending too. */
async function* guarded(run: RuleRun): RuleRun {
  try {
    return yield* run;
  } catch (error) {
    if (isEditError(error)) return failed(error.message);
    throw error;
  }
}

function failure(
  reason: string,
  text: string,
  index: number,
  planned: readonly PlannedInstruction[],
): string {
  if (planned.length === 1) return reason;
  const which = `Instruction ${index + 1} of ${planned.length} (${quote(text)})`;
  return `${which} could not be carried out, so nothing was changed. ${reason}`;
}

function conclude(
  edited: readonly Edited[],
  left: readonly string[],
  understood: readonly string[],
): AgentOutcome {
  const [first, ...others] = edited;
  if (first === undefined) return { status: "no_changes", reason: sentence(left.join(" ")), understood };
  const summary = [...edited.flatMap((outcome) => outcome.summary), ...left].map(sentence);
  return { status: "edited", title: joinedTitle(first.title, others), summary };
}

/** One line each: names of files may hold line breaks. */
function sentence(text: string): string {
  return oneLine(text, 2_000);
}

function joinedTitle(first: string, others: readonly Edited[]): string {
  const [second] = others;
  if (second === undefined) return subject(first);
  const tail = others.length === 1 ? " and one more change" : ` and ${others.length} more changes`;
  const both = `${first} and ${second.title.charAt(0).toLowerCase()}${second.title.slice(1)}`;
  if (others.length === 1 && both.length <= 72) return both;
  const room = 72 - tail.length;
  return `${first.length <= room ? first : `${first.slice(0, room - 1).trimEnd()}…`}${tail}`;
}
