/** What a run knows so far; each step reads what the ones before it found out. */
import type { AgentChoice } from "../agent/choose.ts";
import type { Repository } from "../forge/forge.ts";
import type { OpenWorkspace } from "../workspace/open.ts";
import type { Change } from "../workspace/workspace.ts";
import type { RunDeps } from "./deps.ts";
import type { Usage } from "./events.ts";
import type { RunMode, RunRequest } from "./request.ts";

export interface RunState {
  readonly request: RunRequest;
  readonly deps: RunDeps;
  readonly runId: string;
  readonly signal: AbortSignal;
  readonly chosen: AgentChoice;
  /** The prompt without the service's own secrets, should it hold any. */
  readonly prompt: string;
  /** As requested, or `patch` when nothing can be pushed. */
  mode: RunMode;
  repository?: Repository;
  baseBranch?: string;
  opened?: OpenWorkspace;
  title: string;
  summary: readonly string[];
  changes: readonly Change[];
  /** Edits that were left out for want of consent. */
  leftOut?: { readonly paths: readonly string[]; readonly reason: string; readonly patch: string };
  verification: string;
  patch?: string;
  branch?: string;
  commit?: string;
  /** Set once the server has confirmed the branch. */
  pushedCommit?: string;
  /** Where the branch went. */
  head?: Repository["ref"];
  pullRequest?: { readonly number: number; readonly url: string };
  usage: Usage;
  understood?: string[];
  /** The sentence that closes the run, when it is not the usual one. */
  ending?: string;
}

export function newRunState(
  request: RunRequest,
  deps: RunDeps,
  runId: string,
  signal: AbortSignal,
): RunState {
  return {
    request,
    deps,
    runId,
    signal,
    chosen: deps.chooseAgent(request),
    prompt: deps.redact(request.prompt),
    mode: request.mode,
    title: "",
    summary: [],
    changes: [],
    verification: "",
    usage: { input_tokens: 0, output_tokens: 0, cached_tokens: 0, cost_usd: 0, turns: 0 },
  };
}

/** A fact an earlier step must have established; its absence is a defect. */
export function known<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`${what} is not known yet`);
  return value;
}
