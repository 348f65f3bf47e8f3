/** What `GET /health` looks at: each check does a small piece of the real work. */
import type { Agent } from "./agent/agent.ts";
import type { HealthChecks } from "./http/health.ts";

export interface CheckOptions {
  readonly apiUrl: string;
  readonly token: string | undefined;
  readonly fetch: typeof fetch;
  readonly userAgent: string;
  readonly rules: Agent;
}

export function createChecks({ apiUrl, token, fetch, userAgent, rules }: CheckOptions): HealthChecks {
  const notInstalled = async () => "not_installed" as const;
  return {
    /** Asking for the rate limit costs nothing of it, and fails for a token that is not valid. */
    async git_operations(signal) {
      const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const headers = { accept: "application/vnd.github+json", "user-agent": userAgent, ...authorization };
      const response = await fetch(`${apiUrl}/rate_limit`, { headers, signal });
      await response.body?.cancel();
      // GitHub Enterprise Server answers 404 where rate limits are off.
      return response.ok || response.status === 404 ? "available" : "unavailable";
    },
    async coding_agent() {
      return rules.name === "rule_based" ? "available" : "unavailable";
    },
    llm_agent: notInstalled,
    cloud_sandbox: notInstalled,
    openai: notInstalled,
    anthropic: notInstalled,
    docker: notInstalled,
  };
}
