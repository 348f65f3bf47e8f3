/** What a run is asked to do, after the edge has validated it. */
import type { AgentName } from "../agent/agent.ts";
import type { RepoRef } from "../forge/forge.ts";

export const RUN_MODES = ["pull_request", "branch", "patch"] as const;
export type RunMode = (typeof RUN_MODES)[number];

/** `local` edits in the isolate only and runs nothing; `process` is for a developer's own machine. */
export const SANDBOX_PROVIDERS = ["local", "docker", "aws", "process"] as const;
export type SandboxProvider = (typeof SANDBOX_PROVIDERS)[number];

export interface RunLimits {
  readonly max_turns: number;
  /** Tokens a model may take in and put out, of all turns together. */
  readonly max_tokens: number;
  readonly max_cost_usd: number;
  readonly timeout_seconds: number;
}

/** The branch and pull request of an earlier run that a run adds a commit to. */
export interface Continuation {
  readonly run_id: string;
  /** Where the branch lives: the repository itself, or a fork of it. */
  readonly head: RepoRef;
  readonly branch: string;
  readonly base_branch: string;
  /** Absent when the earlier run ended with a branch. */
  readonly pull_request?: { readonly number: number; readonly url: string };
}

export interface RunRequest {
  /** The URL as sent, for people. */
  readonly repoUrl: string;
  readonly repo: RepoRef;
  readonly prompt: string;
  readonly use_llm: boolean;
  readonly llm_provider: AgentName;
  readonly llm_model: string | undefined;
  readonly use_cloud_sandbox: boolean;
  readonly sandbox_provider: SandboxProvider;
  /** The branch to start from and to merge into; undefined means the repository's default. */
  readonly base_branch: string | undefined;
  readonly draft: boolean;
  readonly mode: RunMode;
  readonly test_command: string | undefined;
  /** Makes a sandbox ready for other commands; absent in requests older than the field. */
  readonly setup_command?: string | undefined;
  /** Globs of further files that are changed with consent only. */
  readonly protected_paths: readonly string[];
  /** Consent to change `.github/workflows`, CODEOWNERS and the like, and what `protected_paths` names. */
  readonly allow_workflows: boolean;
  readonly limits: RunLimits;
  /** Set when the run adds a commit to an earlier run's branch. */
  readonly continues?: Continuation;
}
