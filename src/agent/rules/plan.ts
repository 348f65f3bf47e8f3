/** Turns a prompt into plans: every instruction is understood before any is carried out, or the prompt is refused as a whole. */
import { type Segment, segmentsOf, splitJoined, splitList } from "./instructions.ts";
import type { Instruction, Plan, Rule } from "./rule.ts";
import { tokenize } from "./tokens.ts";
import { quote } from "./wording.ts";

export interface PlannedInstruction {
  readonly instruction: Instruction;
  readonly plan: Extract<Plan, { kind: "ready" }>;
}

export type PromptPlan =
  | { readonly ok: true; readonly planned: readonly PlannedInstruction[] }
  | { readonly ok: false; readonly reason: string };

const MAX_INSTRUCTIONS = 50;

/** Plans the whole prompt. Pure; time is linear in the prompt's length. */
export function planPrompt(prompt: string, rules: readonly Rule[]): PromptPlan {
  const segments = segmentsOf(prompt, tokenize(prompt));
  if (segments.length === 0) return { ok: false, reason: "The prompt asks for nothing." };
  if (segments.length > MAX_INSTRUCTIONS) {
    return {
      ok: false,
      reason: `The prompt holds ${segments.length} instructions; at most ${MAX_INSTRUCTIONS} can be carried out at once.`,
    };
  }
  const planned: PlannedInstruction[] = [];
  for (const segment of segments) {
    const result = planSegment(prompt, segment, rules);
    if (!result.ok) return { ok: false, reason: withContext(result.reason, segments.length) };
    planned.push(...result.planned);
  }
  return { ok: true, planned };
}

function withContext(reason: string, instructions: number): string {
  return instructions === 1
    ? reason
    : `${reason} So none of the ${instructions} instructions was carried out.`;
}

function planSegment(prompt: string, segment: Segment, rules: readonly Rule[]): PromptPlan {
  const doubtful = segment.doubtful.find((piece) => planOne(piece, rules)?.kind === "ready");
  if (doubtful !== undefined) {
    return {
      ok: false,
      reason: `It is not clear whether ${quote(doubtful.text)} is part of the file's content or an instruction of its own; put the content in quotes or a code block.`,
    };
  }
  const whole = planOne(segment, rules);
  if (whole?.kind === "ready") return { ok: true, planned: [{ instruction: segment, plan: whole }] };
  for (const split of [splitJoined, splitList]) {
    const parts = planAll(split(prompt, segment), rules);
    if (parts !== undefined) return { ok: true, planned: parts };
  }
  if (whole !== undefined) return { ok: false, reason: whole.reason };
  return { ok: false, reason: whyNot(splitJoined(prompt, segment), rules) };
}

/** Plans for all of them, or undefined when one has none. */
function planAll(
  instructions: readonly Instruction[],
  rules: readonly Rule[],
): readonly PlannedInstruction[] | undefined {
  if (instructions.length < 2 || instructions.length > MAX_INSTRUCTIONS) return undefined;
  const planned: PlannedInstruction[] = [];
  for (const instruction of instructions) {
    const plan = planOne(instruction, rules);
    if (plan?.kind !== "ready") return undefined;
    planned.push({ instruction, plan });
  }
  return planned;
}

function planOne(instruction: Instruction, rules: readonly Rule[]): Plan | undefined {
  for (const rule of rules) {
    const plan = rule.plan(instruction);
    if (plan !== undefined) return plan;
  }
  return undefined;
}

/** Names the part of a joined instruction that is in the way. */
function whyNot(parts: readonly Instruction[], rules: readonly Rule[]): string {
  const plans = parts.map((part) => ({ part, plan: planOne(part, rules) }));
  const refusal = plans.find(({ plan }) => plan?.kind === "refused")?.plan;
  if (refusal?.kind === "refused") return refusal.reason;
  const unknown = plans.find(({ plan }) => plan === undefined)?.part;
  return `No rule understands ${quote(unknown?.text ?? "", 100)}.`;
}
