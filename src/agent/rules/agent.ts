/** The agent that needs no model: it carries out the prompts its rules understand, to the letter, and refuses all others. */
import type { Agent, AgentEvent, AgentOutcome, AgentTask } from "../agent.ts";
import { type PlannedInstruction, planPrompt } from "./plan.ts";
import { createRules } from "./registry.ts";
import { failed, type RuleOutcome, type RuleRun } from "./rule.ts";
import { isEditError } from "./steps.ts";
import { type Edited, readTranscript, type Transcript } from "./transcript.ts";
import { keepEdits, undoTo } from "./undo.ts";
import { oneLine, quote, subject } from "./wording.ts";

export interface RuleAgentOptions {
  /** The clock, for the year in a license. */
  readonly now?: () => Date;
}

/**
 * The rule-based agent. It is deterministic: same repository, prompt and year, same change. A turn
 * is one instruction; one that has nothing to say has no checkpoint of its own.
 */
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

async function* carryOut(
  task: AgentTask,
  planned: readonly PlannedInstruction[],
  understood: readonly string[],
): AsyncGenerator<AgentEvent, AgentOutcome> {
  const earlier = readTranscript(task.transcript);
  const before = [...(earlier?.before ?? (await keepEdits(task.workspace)))];
  const edited = [...(earlier?.edited ?? [])];
  const already = [...(earlier?.already ?? [])];
  for (const [index, { instruction, plan }] of planned.entries()) {
    if (index < (earlier?.finished ?? 0)) continue;
    task.signal.throwIfAborted();
    const { outcome, last } = yield* upToLast(guarded(plan.run(task)));
    if (outcome.status === "failed") {
      if (last !== undefined) yield last;
      await undoTo(task.workspace, before);
      return {
        status: "no_changes",
        reason: sentence(failure(outcome.reason, instruction.text, index, planned)),
        understood,
      };
    }
    if (outcome.status === "edited") edited.push({ ...outcome, summary: [...outcome.summary] });
    else already.push(outcome.reason);
    if (last === undefined) continue;
    const transcript: Transcript = {
      finished: index + 1,
      edited: [...edited],
      already: [...already],
      before,
    };
    yield { type: "checkpoint", transcript };
    yield last;
  }
  return conclude(edited, already, understood);
}

/**
 * Yields a rule's events but the last, which is known as such only when the rule has ended. So the
 * end of each step is told when the next one starts; its start is told at once.
 */
async function* upToLast(
  run: RuleRun,
): AsyncGenerator<AgentEvent, { readonly outcome: RuleOutcome; readonly last: AgentEvent | undefined }> {
  let held: AgentEvent | undefined;
  for (;;) {
    const next = await run.next();
    if (next.done === true) return { outcome: next.value, last: held };
    if (held !== undefined) yield held;
    held = undefined;
    if (next.value.type === "tool" && next.value.status === "started") yield next.value;
    else held = next.value;
  }
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
