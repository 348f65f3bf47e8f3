/** What a run knows so far; each step reads what the ones before it found out. */
import type { AgentIdentity, Feedback } from "../agent/agent.ts";
import type { AgentChoice, Fallback } from "../agent/choose.ts";
import type { RepoRef, Repository } from "../forge/forge.ts";
import type { RunSandbox } from "../sandbox/run-sandbox.ts";
import type { Identity } from "../workspace/commit.ts";
import type { OpenWorkspace } from "../workspace/open.ts";
import type { SavedEdit } from "../workspace/overlay.ts";
import type { Change } from "../workspace/workspace.ts";
import type { RunDeps } from "./deps.ts";
import type { Step, Usage, VerificationResult } from "./events.ts";
import type { RunMode, RunRequest } from "./request.ts";
import type { CheckPlan } from "./verify/plan.ts";

/** Plain JSON, kept with every checkpoint; raise CHECKPOINT_VERSION when a part changes its meaning. */
export interface Facts {
  finished: readonly Step[];
  /** The step that has said that it starts. */
  begun?: Step;
  /** Who does the work, and a sentence why. */
  agent: AgentIdentity & { readonly reason: string };
  /** How the work came to that agent, from the one that was asked for. */
  fallbacks: readonly Fallback[];
  /** As requested, or `patch` when nothing can be pushed. */
  mode: RunMode;
  repository?: Repository;
  baseBranch?: string;
  baseCommit?: string;
  /** Where the agent's last whole turn left it; gone once it will not be asked again. */
  transcript?: unknown;
  title: string;
  summary: readonly string[];
  changes: readonly Change[];
  /** Set when the agent stopped before it was done: a sentence why, and sentences what is missing. */
  unfinished?: { readonly reason: string; readonly missing: readonly string[] };
  /** Edits that were left out for want of consent. */
  leftOut?: { readonly paths: readonly string[]; readonly reason: string; readonly patch: string };
  /** Why there is nothing to publish, when there is nothing. */
  nothing?: { readonly reason: string; readonly understood?: readonly string[] };
  /** Characters of the patch, once there is one. */
  patchLength?: number;
  /** Set by the step `verify`. */
  verification?: Verification;
  /** The checks so far, while that step is under way. */
  verifying?: Verifying;
  commit?: SavedCommit;
  /** The name the branch gets, with a number behind it should it be taken. */
  branch?: string;
  /** Set once the server has confirmed the branch. */
  pushed?: { readonly head: RepoRef; readonly branch: string; readonly commit: string };
  pullRequest?: { readonly number: number; readonly url: string };
  usage: Usage;
}

/** What the checks came to, with what only the pull request tells. */
export interface Verification extends VerificationResult {
  /** The end of what the command printed. */
  readonly output?: string;
  /** Sentences about what else there is to know. */
  readonly notes?: readonly string[];
  /** Files that a command changed, which are part of the change. */
  readonly changed?: readonly string[];
}

export interface Verifying {
  /** What the agent is told, or was told last. */
  readonly feedback?: Feedback;
  /** True while the agent works on that. */
  readonly atWork?: boolean;
  /** A sentence, once the agent was stopped in that before it was done: it is not asked again. */
  readonly stopped?: string;
  /** How the check went on the repository as it was; null when that could not be found out. */
  readonly before?: {
    readonly phase: "setup" | "command";
    readonly failed: boolean;
    readonly exitCode?: number | null;
  } | null;
  /** Files that commands of this step changed. */
  readonly changed?: readonly string[];
}

/** All that goes into a commit's id besides its tree and parent. */
export interface SavedCommit {
  readonly id: string;
  readonly message: string;
  readonly author: Identity;
  /** ISO 8601. */
  readonly date: string;
}

export interface RunState {
  readonly request: RunRequest;
  readonly deps: RunDeps;
  readonly runId: string;
  readonly signal: AbortSignal;
  /** Aborts when the agent has had its time; the rest of the run's is for publishing. */
  readonly agentDeadline: AbortSignal;
  /** Milliseconds until then. */
  readonly agentTimeLeft: () => number;
  readonly chosen: AgentChoice;
  /** The prompt without the service's own secrets, should it hold any. */
  readonly prompt: string;
  facts: Facts;
  /** The last step an earlier attempt finished: it may have been in the middle of the next. */
  resumedAfter?: Step;
  /** The edits as an earlier attempt left them, for when the workspace is opened again. */
  savedEdits?: readonly SavedEdit[];
  /** All that the agent has appended so far, in earlier attempts too. */
  savedEntries?: readonly unknown[];
  opened?: OpenWorkspace;
  /** Where this process runs the run's commands, and which ones check the change. */
  sandbox?: { readonly plan: CheckPlan; readonly commands: RunSandbox };
  /** The commit that this process has written into its workspace. */
  written?: string;
  /** The patch, unless it is too long for an event. */
  patch?: string;
  underWay?: UnderWay | undefined;
}

/** A request that changes something and whose answer is not known: the words for an ending. */
export interface UnderWay {
  readonly doing: string;
  readonly effect: string;
}

export function newRunState(
  request: RunRequest,
  deps: RunDeps,
  runId: string,
  time: Pick<RunState, "signal" | "agentDeadline" | "agentTimeLeft">,
): RunState {
  const chosen = deps.chooseAgent(request);
  return {
    request,
    deps,
    runId,
    ...time,
    chosen,
    prompt: deps.redact(request.prompt),
    facts: {
      finished: [],
      agent: { ...identityOf(chosen.agent), reason: chosen.reason },
      fallbacks: chosen.fallbacks,
      mode: request.mode,
      title: "",
      summary: [],
      changes: [],
      usage: { input_tokens: 0, output_tokens: 0, cached_tokens: 0, cost_usd: 0, turns: 0 },
    },
  };
}

/** An agent's name and model alone. */
export function identityOf({ name, model }: AgentIdentity): AgentIdentity {
  return { name, ...(model === undefined ? {} : { model }) };
}

export function nameOf({ owner, name }: RepoRef): string {
  return `${owner}/${name}`;
}

/** A fact an earlier step must have established; its absence is a defect. */
export function known<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`${what} is not known yet`);
  return value;
}
