/** Runs on the local forge: the request and the real parts, with what a test wants different. */
import type { Agent } from "../../src/agent/agent.ts";
import { createRuleAgent } from "../../src/agent/rules/agent.ts";
import { createEgress } from "../../src/egress.ts";
import { createGitHubForge, type GitHubForgeOptions } from "../../src/forge/github.ts";
import type { RunDeps } from "../../src/run/deps.ts";
import type { RunRequest } from "../../src/run/request.ts";
import { findBranches } from "../../src/workspace/find-branches.ts";
import { openWorkspace } from "../../src/workspace/open.ts";
import type { Workspace } from "../../src/workspace/workspace.ts";
import type { LocalForge } from "./forge/server.ts";
import { TOKEN } from "./open.ts";

/** An agent that makes one edit and says nothing: the test's own. */
export function editing(edit: (workspace: Workspace) => Promise<void>): Agent {
  return {
    name: "rule_based",
    // biome-ignore lint/correctness/useYield: it says nothing while it works
    async *run({ workspace }) {
      await edit(workspace);
      return { status: "edited", title: "Edit", summary: ["Edited."] };
    },
  };
}

/** `name` is `owner/name` on the forge. */
export function requestFor(
  forge: Pick<LocalForge, "url">,
  name: string,
  more: Partial<RunRequest> = {},
): RunRequest {
  const [owner = "", repo = ""] = name.split("/");
  return {
    repoUrl: `${forge.url}/${name}`,
    repo: { owner, name: repo },
    prompt: "Edit it",
    use_llm: false,
    llm_provider: "rule_based",
    llm_model: undefined,
    use_cloud_sandbox: false,
    sandbox_provider: "local",
    base_branch: undefined,
    draft: false,
    mode: "pull_request",
    test_command: undefined,
    protected_paths: [],
    allow_workflows: false,
    limits: { max_turns: 1, max_tokens: 100_000, max_cost_usd: 0, timeout_seconds: 60 },
    ...more,
  };
}

export interface PartsOptions {
  /** The rule-based agent when absent. */
  readonly agent?: Agent;
  /** Sends every request; an egress to the forge when absent. */
  readonly fetch?: typeof fetch;
  readonly forge?: Partial<GitHubForgeOptions>;
}

/** What `run` works with, on real git and a real Octokit. */
export function partsFor(
  forge: LocalForge,
  {
    agent = createRuleAgent(),
    fetch = createEgress({ origins: [forge.url] }),
    ...options
  }: PartsOptions = {},
  more: Partial<RunDeps> = {},
): RunDeps {
  return {
    forge: createGitHubForge({
      apiUrl: forge.apiUrl,
      serverUrl: forge.url,
      token: TOKEN,
      fetch,
      userAgent: "test",
      ...options.forge,
    }),
    openWorkspace: (opening) => openWorkspace({ ...opening, fetch }),
    findBranches: (looking) => findBranches({ ...looking, fetch }),
    chooseAgent: () => ({ agent, reason: "It is the test's.", fallbacks: [] }),
    author: { name: "T", email: "t@example.com" },
    now: () => new Date("2026-01-02T03:04:05Z"),
    newBranchId: () => "aaaaaaaa",
    redact: (text) => text,
    holdsSecret: () => false,
    ...more,
  };
}
