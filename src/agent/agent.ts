/** The port every coding agent implements: a task goes in, events stream by, an outcome comes out. */
import type { Workspace } from "../workspace/workspace.ts";

/** The names agents go by in requests, events and pull requests (`llm_provider`). */
export const AGENT_NAMES = ["rule_based", "openai", "anthropic"] as const;
export type AgentName = (typeof AGENT_NAMES)[number];

/** What an agent may spend; agents that cost nothing ignore it. */
export interface AgentBudget {
  readonly maxTurns: number;
  /** Tokens in and out, of all turns together. */
  readonly maxTokens: number;
  readonly maxCostUsd: number;
  /** Aborts when the agent has to come to an end, while there is still time to publish what it did. */
  readonly deadline: AbortSignal;
}

/** What came of one command. */
export interface CommandResult {
  /** null when a signal ended it. */
  readonly exitCode: number | null;
  /** How it ended when it was not by itself, for people: "timed out after 300 s". */
  readonly ended?: string;
  /** Files of the workspace that the command changed; absent when there are none. */
  readonly changed?: readonly string[];
  /** Sentences about what else there is to know: hosts that were refused, a setup that failed. */
  readonly notes?: readonly string[];
}

/** The port to wherever commands run, on the workspace as it is at that moment. */
export interface CommandRunner {
  run(command: string, signal: AbortSignal): AsyncGenerator<OutputEvent, CommandResult>;
}

/** What a failing check says about work that the agent has finished: another try at it. */
export interface Feedback {
  /** 1 for the first of a run: a transcript that has it knows what was said. */
  readonly number: number;
  readonly command: string;
  /** How the command ended, a sentence. */
  readonly ending: string;
  /** What it printed, bounded: the end rather than the beginning. */
  readonly output: string;
  /** Whether it failed on the repository as it was before the edits too; absent when that is not known. */
  readonly failedBefore?: boolean;
}

export interface AgentTask {
  readonly prompt: string;
  readonly workspace: Workspace;
  /** `owner/name`, for generated headings and notices when no manifest has a name. */
  readonly repository?: string;
  /**
   * What an earlier attempt said in its last checkpoint; the workspace holds the edits as of it. The
   * agent goes on behind that turn and says nothing of it again.
   */
  readonly transcript?: unknown;
  /** Everything the checkpoints before appended, in order. */
  readonly entries?: readonly unknown[];
  readonly budget: AgentBudget;
  /** Takes every secret the run may use out of a text. */
  readonly redact: (text: string) => string;
  /** True when a change to this path would be left out for want of consent. */
  readonly isProtected: (path: string) => boolean;
  /** Absent when the run has no sandbox. */
  readonly commands?: CommandRunner;
  /** Set once a check of the finished work has failed; agents without a model are not told. */
  readonly feedback?: Feedback;
  /** Aborted when the run is cancelled or out of time; agents stop at the next step. */
  readonly signal: AbortSignal;
}

export interface ToolEvent {
  readonly type: "tool";
  readonly message: string;
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly status: "started" | "ok" | "error";
  /** What the tool answered, bounded. */
  readonly output?: string;
  readonly duration_ms?: number;
}

/** What a command prints, as it arrives. */
export interface OutputEvent {
  readonly type: "output";
  readonly message: string;
  readonly stream: "stdout" | "stderr";
  readonly data: string;
}

/** Who an agent is, for events and the pull request. */
export interface AgentIdentity {
  readonly name: AgentName;
  /** The model's name; absent for an agent without one. */
  readonly model?: string;
}

/** Another agent or model goes on from here. */
export interface FallbackEvent {
  readonly type: "fallback";
  /** A sentence: who goes on, and why. */
  readonly message: string;
  readonly from: AgentIdentity;
  readonly to: AgentIdentity;
  /** A sentence: what was wrong with the one before. */
  readonly reason: string;
}

/** What all turns so far have used together. */
export interface UsageEvent {
  readonly type: "usage";
  readonly message: string;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cached_tokens: number;
  readonly cost_usd: number;
  readonly turns: number;
  /** The part of input and output that no vendor counted; absent when there is none. */
  readonly estimated_tokens?: number;
}

/** A turn has ended: comes right before the last event of that turn, when its edits are made. */
export interface AgentCheckpoint {
  readonly type: "checkpoint";
  /** JSON: all that the agent needs to go on behind this turn in another process. */
  readonly transcript: unknown;
  /** JSON values that are kept behind those of the checkpoints before, so that a turn costs what it adds. */
  readonly append?: readonly unknown[];
}

/** What an agent says while it works; `run/events.ts` gives each but checkpoints its place in the stream. */
export type AgentEvent =
  | { readonly type: "text"; readonly message: string; readonly delta: string }
  | { readonly type: "warning"; readonly message: string; readonly code: AgentWarningCode }
  | ToolEvent
  | OutputEvent
  | UsageEvent
  | FallbackEvent
  | AgentCheckpoint;

export const AGENT_WARNING_CODES = [
  "file_skipped",
  /** Waiting for a rate limit or a failing server before trying again. */
  "waiting",
  /** The model's price is not known, so that `limits.max_cost_usd` cannot be kept. */
  "price_unknown",
] as const;
export type AgentWarningCode = (typeof AGENT_WARNING_CODES)[number];

/** How an agent ended. An ending is data; only defects and aborts are thrown. */
export type AgentOutcome =
  | {
      readonly status: "edited";
      /** The commit subject and pull request title: one line, imperative. */
      readonly title: string;
      /** What changed and why, one sentence a line, for the commit body and the pull request. */
      readonly summary: readonly string[];
    }
  | {
      /** Stopped before it was done: a limit, or a model that got nowhere. The edits so far stay. */
      readonly status: "incomplete";
      readonly title: string;
      readonly summary: readonly string[];
      /** A sentence: what stopped it. */
      readonly reason: string;
      /** Sentences: what is missing, as far as it is known. */
      readonly missing: readonly string[];
    }
  | {
      readonly status: "no_changes";
      readonly reason: string;
      /** What the agent can do instead, as prompts a user may send. */
      readonly understood: readonly string[];
    };

export interface Agent extends AgentIdentity {
  run(task: AgentTask): AsyncGenerator<AgentEvent, AgentOutcome>;
}
