/** The runtime configuration: what it shows, what it changes, and for whom. */
import { describe, expect, it } from "vitest";
import type { ConfigView } from "../../src/http/config.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";

const GOOD = { repoUrl: "https://github.com/octocat/hello", prompt: "Fix it" };
const UNSET = {
  github_token: "unset",
  openai_api_key: "unset",
  anthropic_api_key: "unset",
  aws_access_key_id: "unset",
  aws_secret_access_key: "unset",
};
const LIMITS = {
  max_turns: { value: 30, source: "default" },
  max_cost_usd: { value: 2, source: "default" },
  timeout_seconds: { value: 300, source: "default" },
};

async function config(app: TestApp, body: unknown): Promise<ConfigView> {
  return (await app.post("/config", body)).json() as Promise<ConfigView>;
}

describe("POST /config", () => {
  it("shows the defaults when nothing is set", async () => {
    expect(await config(createTestApp(), {})).toEqual({
      default_llm_provider: { value: "rule_based", source: "default" },
      default_llm_model: { value: null, source: "default" },
      default_sandbox_provider: { value: "local", source: "default" },
      limits: LIMITS,
      keys: UNSET,
    });
  });

  it("shows what the environment chose, and of keys only that they are there", async () => {
    const environment = {
      DEFAULT_LLM_PROVIDER: "anthropic",
      DEFAULT_LLM_MODEL: "claude-test",
      DEFAULT_SANDBOX_PROVIDER: "docker",
      GITHUB_TOKEN: "gh-canary-0123456789",
      ANTHROPIC_API_KEY: "an-canary-0123456789",
    };
    const shown = await config(createTestApp({ environment }), {});
    expect(shown).toEqual({
      default_llm_provider: { value: "anthropic", source: "environment" },
      default_llm_model: { value: "claude-test", source: "environment" },
      default_sandbox_provider: { value: "docker", source: "environment" },
      limits: LIMITS,
      keys: { ...UNSET, github_token: "set", anthropic_api_key: "set" },
    });
  });

  it.each([
    [{ OPENAI_API_KEY: "oa-canary-0123456789", ANTHROPIC_API_KEY: "an-canary-0123456789" }, "openai"],
    [{ ANTHROPIC_API_KEY: "an-canary-0123456789" }, "anthropic"],
    [{}, "rule_based"],
  ])("chooses a provider that has a key: %j", async (environment, value) => {
    const { default_llm_provider } = await config(createTestApp({ environment }), {});
    expect(default_llm_provider).toEqual({ value, source: "default" });
  });

  it("changes the runs that start later, and only what it names", async () => {
    const app = createTestApp();
    const run = async () => {
      await (await app.post("/code", { ...GOOD, use_llm: true })).text();
      const request = app.runs.at(-1)?.request;
      return [request?.llm_provider, request?.llm_model, request?.sandbox_provider, request?.limits];
    };
    const limits = { max_turns: 30, max_cost_usd: 2, timeout_seconds: 300 };
    expect(await run()).toEqual(["rule_based", undefined, "local", limits]);
    const shown = await config(app, {
      default_llm_provider: "openai",
      default_llm_model: "gpt-4",
      default_sandbox_provider: "docker",
      limits: { max_turns: 5, max_cost_usd: 0.5 },
    });
    expect(shown).toEqual({
      default_llm_provider: { value: "openai", source: "runtime" },
      default_llm_model: { value: "gpt-4", source: "runtime" },
      default_sandbox_provider: { value: "docker", source: "runtime" },
      limits: {
        max_turns: { value: 5, source: "runtime" },
        max_cost_usd: { value: 0.5, source: "runtime" },
        timeout_seconds: { value: 300, source: "default" },
      },
      keys: UNSET,
    });
    expect(await run()).toEqual([
      "openai",
      "gpt-4",
      "docker",
      { ...limits, max_turns: 5, max_cost_usd: 0.5 },
    ]);
    await config(app, { limits: { timeout_seconds: 60 } });
    expect(await run()).toEqual([
      "openai",
      "gpt-4",
      "docker",
      { max_turns: 5, max_cost_usd: 0.5, timeout_seconds: 60 },
    ]);
  });

  it("does not hand one provider's model to another", async () => {
    const environment = { DEFAULT_LLM_PROVIDER: "openai", DEFAULT_LLM_MODEL: "gpt-4" };
    const app = createTestApp({ environment });
    const { default_llm_model } = await config(app, { default_llm_provider: "anthropic" });
    expect(default_llm_model).toEqual({ value: null, source: "runtime" });
  });

  it("changes nothing when part of it is wrong", async () => {
    const app = createTestApp();
    const response = await app.post("/config", { default_llm_provider: "openai", limits: { max_turns: 0 } });
    expect(response.status).toBe(400);
    expect((await config(app, {})).default_llm_provider).toEqual({ value: "rule_based", source: "default" });
  });
});
