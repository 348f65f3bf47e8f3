/** What `GET /health` looks at: each check does a small piece of the real work. */
import type { Agent } from "./agent/agent.ts";
import type { HealthCheck, HealthChecks } from "./http/health.ts";
import type { RuntimeSecret } from "./run/runtime-config.ts";
import type { RunnerClient } from "./sandbox/client.ts";

export interface CheckOptions {
  readonly apiUrl: string;
  readonly token: string | undefined;
  readonly openai: VendorOptions;
  readonly anthropic: VendorOptions;
  readonly fetch: typeof fetch;
  readonly userAgent: string;
  readonly rules: Agent;
  readonly runner: RunnerClient | undefined;
}

interface VendorOptions {
  /** The environment's. */
  readonly key: string | undefined;
  /** Without a trailing slash. */
  readonly baseUrl: string;
}

/** Any that has been released: the list of models has not changed since. */
const ANTHROPIC_VERSION = "2023-06-01";

export function createChecks(options: CheckOptions): HealthChecks {
  const { apiUrl, token, openai, anthropic, fetch, userAgent, rules, runner } = options;

  /** Listing models costs nothing, and fails for a key that is not valid. */
  function vendor(
    { key: own }: VendorOptions,
    name: RuntimeSecret,
    url: string,
    authorization: (key: string) => Record<string, string>,
  ): HealthCheck {
    return async (signal, readConfig) => {
      const key = (await readConfig()).secrets?.[name] ?? own;
      if (key === undefined) return "not_configured";
      const headers = { accept: "application/json", "user-agent": userAgent, ...authorization(key) };
      const response = await fetch(url, { headers, signal });
      await response.body?.cancel();
      return response.ok ? "available" : "unavailable";
    };
  }

  return {
    /** Asking for the rate limit costs nothing of it, and fails for a token that is not valid. */
    async git_operations(signal, readConfig) {
      const current = (await readConfig()).secrets?.github_token ?? token;
      const authorization = current === undefined ? {} : { authorization: `Bearer ${current}` };
      const headers = { accept: "application/vnd.github+json", "user-agent": userAgent, ...authorization };
      const response = await fetch(`${apiUrl}/rate_limit`, { headers, signal });
      await response.body?.cancel();
      // GitHub Enterprise Server answers 404 where rate limits are off.
      return response.ok || response.status === 404 ? "available" : "unavailable";
    },
    async coding_agent() {
      return rules.name === "rule_based" ? "available" : "unavailable";
    },
    /** A runner says of each place whether it has run a command there just now. */
    async cloud_sandbox(signal) {
      if (runner === undefined) return "not_configured";
      const places = Object.values((await runner.health(signal)).providers);
      return places.some(({ status }) => status === "available") ? "available" : "unavailable";
    },
    openai: vendor(openai, "openai_api_key", `${openai.baseUrl}/models`, (key) => ({
      authorization: `Bearer ${key}`,
    })),
    anthropic: vendor(anthropic, "anthropic_api_key", `${anthropic.baseUrl}/v1/models?limit=1`, (key) => ({
      "x-api-key": key,
      "anthropic-version": ANTHROPIC_VERSION,
    })),
    async docker(signal) {
      if (runner === undefined) return "not_configured";
      return (await runner.health(signal)).providers.docker?.status ?? "not_configured";
    },
  };
}
