/** What a run works with; the entry file fills it in. */
import type { AgentChoice } from "../agent/choose.ts";
import type { Forge } from "../forge/forge.ts";
import type { RunnerClient } from "../sandbox/client.ts";
import type { Identity } from "../workspace/commit.ts";
import type { FindBranchesOptions } from "../workspace/find-branches.ts";
import type { OpenOptions, OpenWorkspace } from "../workspace/open.ts";
import type { Resume } from "./checkpoint.ts";
import type { RunRequest } from "./request.ts";

export interface RunDeps {
  readonly forge: Forge;
  readonly openWorkspace: (options: Omit<OpenOptions, "fetch">) => Promise<OpenWorkspace>;
  /** Branches on a git server by name; see find-branches.ts. */
  readonly findBranches: (
    options: Omit<FindBranchesOptions, "fetch">,
  ) => Promise<ReadonlyMap<string, string>>;
  readonly chooseAgent: (request: RunRequest) => AgentChoice;
  /** Where commands run; undefined when no sandbox-runner is set up. */
  readonly runner?: RunnerClient | undefined;
  readonly author: Identity;
  readonly now: () => Date;
  /** A few random characters that make a branch name unique. */
  readonly newBranchId: () => string;
  /** Takes the service's secrets out of a text. */
  readonly redact: (text: string) => string;
  /** True when a text holds one of the service's own secrets, in any encoding it might leave in. */
  readonly holdsSecret: (text: string) => boolean;
}

export interface RunContext {
  readonly runId: string;
  /** The caller gave up: no request leaves after it aborts. */
  readonly signal: AbortSignal;
  /** True when the log holds the introduction already; `resume` implies it. */
  readonly introduced?: boolean;
  /** Where the attempt before got to; absent on the first. */
  readonly resume?: Resume;
  /** Milliseconds that earlier attempts worked; they count towards `limits.timeout_seconds`. */
  readonly activeMs?: number;
  /** The longest the run may be suspended from now on, in milliseconds; 0 (default) never suspends. */
  readonly maxSuspendMs?: number;
}
