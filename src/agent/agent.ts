/** The port every coding agent implements: a task goes in, events stream by, an outcome comes out. */
import type { Workspace } from "../workspace/workspace.ts";

/** The names agents go by in requests, events and pull requests (`llm_provider`). */
export const AGENT_NAMES = ["rule_based", "openai", "anthropic"] as const;
export type AgentName = (typeof AGENT_NAMES)[number];

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

export interface UsageEvent {
  readonly type: "usage";
  readonly message: string;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cached_tokens: number;
  readonly cost_usd: number;
  readonly turns: number;
}

/** A turn has ended: comes right before the last event of that turn, when its edits are made. */
export interface AgentCheckpoint {
  readonly type: "checkpoint";
  /** JSON: all that the agent needs to go on behind this turn in another process. */
  readonly transcript: unknown;
}

/** What an agent says while it works; `run/events.ts` gives each but checkpoints its place in the stream. */
export type AgentEvent =
  | { readonly type: "text"; readonly message: string; readonly delta: string }
  | { readonly type: "warning"; readonly message: string; readonly code: AgentWarningCode }
  | ToolEvent
  | UsageEvent
  | AgentCheckpoint;

export const AGENT_WARNING_CODES = ["file_skipped"] as const;
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
      readonly status: "no_changes";
      readonly reason: string;
      /** What the agent can do instead, as prompts a user may send. */
      readonly understood: readonly string[];
    };

export interface Agent {
  readonly name: AgentName;
  run(task: AgentTask): AsyncGenerator<AgentEvent, AgentOutcome>;
}
