/** The shape every rule has: it reads one instruction, plans, and only then touches the repository. */
import type { AgentEvent, AgentTask } from "../agent.ts";
import type { Token } from "./tokens.ts";

/** One thing the prompt asks for. */
export interface Instruction {
  /** As written, for messages. */
  readonly text: string;
  readonly tokens: readonly Token[];
}

/** How one instruction ended. */
export type RuleOutcome =
  | { readonly status: "edited"; readonly title: string; readonly summary: readonly string[] }
  /** What was asked for is so already; other instructions may go on. */
  | { readonly status: "already"; readonly reason: string }
  /** It cannot be done; nothing of the prompt is kept. */
  | { readonly status: "failed"; readonly reason: string };

export type RuleRun = AsyncGenerator<AgentEvent, RuleOutcome>;

/** What a rule makes of an instruction that is its kind. */
export type Plan =
  | { readonly kind: "ready"; run(task: AgentTask): RuleRun }
  /** The rule's kind of instruction, but not one it can carry out without guessing. */
  | { readonly kind: "refused"; readonly reason: string };

export interface Rule {
  readonly name: string;
  /** Prompts the rule understands, shown to people whose prompt no rule does. */
  readonly examples: readonly string[];
  /** Pure and quick; undefined when the instruction is not this rule's kind. */
  plan(instruction: Instruction): Plan | undefined;
}

export const refused = (reason: string): Plan => ({ kind: "refused", reason });
export const failed = (reason: string): RuleOutcome => ({ status: "failed", reason });
export const already = (reason: string): RuleOutcome => ({ status: "already", reason });
