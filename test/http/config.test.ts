/** The runtime configuration: what it shows, what it changes, for which runs, and what it never says. */
import { describe, expect, it } from "vitest";
import type { ConfigView } from "../../src/http/config.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";

const GOOD = { repoUrl: "https://github.com/octocat/hello", prompt: "Fix it" };
const UNSET = { status: "unset", source: "default" };
const NOTHING_SET = {
  default_llm_provider: { value: "rule_based", source: "default" },
  default_llm_model: { value: null, source: "default" },
  default_sandbox_provider: { value: "local", source: "default" },
  limits: {
    max_turns: { value: 30, source: "default" },
    max_tokens: { value: 2_000_000, source: "default" },
    max_cost_usd: { value: 2, source: "default" },
    timeout_seconds: { value: 300, source: "default" },
  },
  allowed_hosts: { value: ["github.com"], source: "default" },
  max_runs: { value: 100, source: "default" },
  max_runs_per_caller: { value: 10, source: "default" },
  secrets: {
    github_token: UNSET,
    openai_api_key: UNSET,
    anthropic_api_key: UNSET,
    aws_access_key_id: UNSET,
    aws_secret_access_key: UNSET,
    sandbox_runner_secret: UNSET,
  },
};

async function change(app: TestApp, body: unknown): Promise<ConfigView> {
  const response = await app.post("/config", body);
  expect(response.status).toBe(200);
  return response.json() as Promise<ConfigView>;
}

async function show(app: TestApp): Promise<ConfigView> {
  return (await app.get("/config")).json() as Promise<ConfigView>;
}

/** Starts a run that wants a model, and answers what it was given. */
async function run(app: TestApp) {
  await (await app.post("/code", { ...GOOD, use_llm: true })).text();
  const request = app.runs.at(-1)?.request;
  return [request?.llm_provider, request?.llm_model, request?.sandbox_provider, request?.limits];
}

describe("the configuration shows", () => {
  it("the defaults when nothing is set", async () => {
    const app = createTestApp();
    expect(await show(app)).toEqual(NOTHING_SET);
    expect(await change(app, {})).toEqual(NOTHING_SET);
  });

  it("what the environment chose, and of secrets only that they are there", async () => {
    const environment = {
      DEFAULT_LLM_PROVIDER: "anthropic",
      DEFAULT_LLM_MODEL: "claude-test",
      DEFAULT_SANDBOX_PROVIDER: "docker",
      GITHUB_SERVER_URL: "https://ghe.example:8443",
      GITHUB_TOKEN: "gh-canary-0123456789",
      ANTHROPIC_API_KEY: "an-canary-0123456789",
      AWS_ACCESS_KEY_ID: "aws-canary-0123456789",
      SANDBOX_RUNNER_URL: "https://runner.example",
      SANDBOX_RUNNER_SECRET: "runner-canary-0123456789-0123456789",
      MAX_RUNS: "20",
      MAX_RUNS_PER_CALLER: "2",
    };
    const set = { status: "set", source: "environment" };
    expect(await show(createTestApp({ environment }))).toEqual({
      ...NOTHING_SET,
      default_llm_provider: { value: "anthropic", source: "environment" },
      default_llm_model: { value: "claude-test", source: "environment" },
      default_sandbox_provider: { value: "docker", source: "environment" },
      allowed_hosts: { value: ["ghe.example:8443"], source: "environment" },
      max_runs: { value: 20, source: "environment" },
      max_runs_per_caller: { value: 2, source: "environment" },
      secrets: {
        ...NOTHING_SET.secrets,
        github_token: set,
        anthropic_api_key: set,
        aws_access_key_id: set,
        sandbox_runner_secret: set,
      },
    });
  });

  it.each([
    [{ OPENAI_API_KEY: "oa-canary-0123456789", ANTHROPIC_API_KEY: "an-canary-0123456789" }, "openai"],
    [{ ANTHROPIC_API_KEY: "an-canary-0123456789" }, "anthropic"],
    [{}, "rule_based"],
  ])("a provider that has a key: %j", async (environment, value) => {
    const { default_llm_provider } = await show(createTestApp({ environment }));
    expect(default_llm_provider).toEqual({ value, source: "default" });
  });

  it("nothing to a change that is partly wrong, and keeps nothing of it", async () => {
    const app = createTestApp();
    const response = await app.post("/config", { default_llm_provider: "openai", limits: { max_turns: 0 } });
    expect(response.status).toBe(400);
    expect(await show(app)).toEqual(NOTHING_SET);
  });
});

describe("a change", () => {
  const limits = { max_turns: 30, max_tokens: 2_000_000, max_cost_usd: 2, timeout_seconds: 300 };

  it("is for the runs that start later, and of what it names only", async () => {
    const app = createTestApp();
    expect(await run(app)).toEqual(["rule_based", undefined, "local", limits]);
    const shown = await change(app, {
      default_llm_provider: "openai",
      default_llm_model: "gpt-4",
      default_sandbox_provider: "docker",
      limits: { max_turns: 5, max_tokens: 1_000, max_cost_usd: 0.5 },
      max_runs: 4,
      max_runs_per_caller: 1,
    });
    expect(shown).toEqual({
      ...NOTHING_SET,
      default_llm_provider: { value: "openai", source: "runtime" },
      default_llm_model: { value: "gpt-4", source: "runtime" },
      default_sandbox_provider: { value: "docker", source: "runtime" },
      limits: {
        max_turns: { value: 5, source: "runtime" },
        max_tokens: { value: 1_000, source: "runtime" },
        max_cost_usd: { value: 0.5, source: "runtime" },
        timeout_seconds: { value: 300, source: "default" },
      },
      max_runs: { value: 4, source: "runtime" },
      max_runs_per_caller: { value: 1, source: "runtime" },
    });
    expect(await run(app)).toEqual([
      "openai",
      "gpt-4",
      "docker",
      { ...limits, max_turns: 5, max_tokens: 1_000, max_cost_usd: 0.5 },
    ]);
    await change(app, { limits: { timeout_seconds: 60 } });
    expect(await run(app)).toEqual([
      "openai",
      "gpt-4",
      "docker",
      { max_turns: 5, max_tokens: 1_000, max_cost_usd: 0.5, timeout_seconds: 60 },
    ]);
    expect(await show(app)).toMatchObject({ max_runs: { value: 4 } });
  });

  it("is taken back with null, part by part or as a whole", async () => {
    const app = createTestApp();
    await change(app, {
      default_llm_provider: "openai",
      default_llm_model: "gpt-4",
      default_sandbox_provider: "docker",
      limits: { max_turns: 5, max_cost_usd: 0.5 },
      allowed_hosts: [],
      max_runs: 4,
      max_runs_per_caller: 1,
    });
    const { limits: shown } = await change(app, { limits: { max_turns: null } });
    expect(shown).toEqual({ ...NOTHING_SET.limits, max_cost_usd: { value: 0.5, source: "runtime" } });
    const back = {
      default_llm_provider: null,
      default_sandbox_provider: null,
      limits: null,
      allowed_hosts: null,
      max_runs: null,
      max_runs_per_caller: null,
    };
    expect(await change(app, back)).toEqual(NOTHING_SET);
  });
});

describe("a model", () => {
  const environment = { DEFAULT_LLM_PROVIDER: "openai", DEFAULT_LLM_MODEL: "gpt-4" };

  it("of one provider is not handed to another", async () => {
    const app = createTestApp({ environment });
    const { default_llm_model } = await change(app, { default_llm_provider: "anthropic" });
    expect(default_llm_model).toEqual({ value: null, source: "runtime" });
    await change(app, { default_llm_model: "claude-test" });
    expect((await change(app, { default_llm_provider: "openai" })).default_llm_model).toEqual({
      value: null,
      source: "runtime",
    });
  });

  it("stays when its provider is chosen again", async () => {
    const app = createTestApp({ environment });
    expect((await change(app, { default_llm_provider: "openai" })).default_llm_model).toEqual({
      value: "gpt-4",
      source: "environment",
    });
  });

  it("comes back with the provider of the environment", async () => {
    const app = createTestApp({ environment });
    await change(app, { default_llm_provider: "anthropic", default_llm_model: "claude-test" });
    expect(await change(app, { default_llm_provider: null })).toMatchObject({
      default_llm_provider: { value: "openai", source: "environment" },
      default_llm_model: { value: "gpt-4", source: "environment" },
    });
  });

  it("of an environment that changed its provider since does not reach the one configured", async () => {
    const readConfig = async () => ({ llm_provider: "anthropic" }) as const;
    const app = createTestApp({ environment, host: { readConfig } });
    expect((await show(app)).default_llm_model).toEqual({ value: null, source: "runtime" });
  });
});

describe("secrets", () => {
  const canaries = {
    github_token: "ghost-canary-0123456789",
    openai_api_key: "oa-canary-0123456789",
    anthropic_api_key: "an-canary-0123456789",
  };

  it("are written, reach the host, choose the provider, and are never shown", async () => {
    const app = createTestApp({ environment: { GITHUB_TOKEN: "gh-canary-environment" } });
    const answers = [
      await (await app.post("/config", canaries)).text(),
      await (await app.get("/config")).text(),
      await (await app.get("/")).text(),
      await (await app.post("/config", { openai_api_key: "short-canary" })).text(),
    ];
    for (const text of answers) expect(text).not.toContain("canary");
    expect((await app.host.readConfig()).secrets).toEqual(canaries);
    const set = { status: "set", source: "runtime" };
    expect(await show(app)).toMatchObject({
      default_llm_provider: { value: "openai", source: "default" },
      secrets: { github_token: set, openai_api_key: set, anthropic_api_key: set },
    });
  });

  it("are taken back with null, which leaves those of the environment", async () => {
    const app = createTestApp({ environment: { GITHUB_TOKEN: "gh-canary-environment" } });
    await change(app, canaries);
    const { secrets } = await change(app, { github_token: null, openai_api_key: null });
    expect(secrets).toEqual({
      ...NOTHING_SET.secrets,
      github_token: { status: "set", source: "environment" },
      anthropic_api_key: { status: "set", source: "runtime" },
    });
    expect((await app.host.readConfig()).secrets).toEqual({ anthropic_api_key: canaries.anthropic_api_key });
  });
});

describe("allowed hosts", () => {
  const paused = {
    error: {
      code: "forbidden",
      message:
        "The operator has paused new runs for repositories on github.com (allowed_hosts in POST /config); try again later.",
    },
  };

  it("may name what the environment allows, in any case and more than once", async () => {
    const app = createTestApp();
    const { allowed_hosts } = await change(app, { allowed_hosts: ["GitHub.com", "github.com"] });
    expect(allowed_hosts).toEqual({ value: ["github.com"], source: "runtime" });
    expect((await app.post("/code", GOOD)).status).toBe(200);
  });

  it("pause new runs while there are none, and leave the others alone", async () => {
    const app = createTestApp();
    await (await app.post("/code", GOOD)).text();
    const [first] = app.runs;
    await change(app, { allowed_hosts: [] });
    for (const [path, body] of [
      ["/code", GOOD],
      ["/code/legacy", GOOD],
      [`/runs/${first?.id}/prompt`, { prompt: "Go on" }],
    ] as const) {
      const response = await app.post(path, body);
      expect([response.status, await response.json()]).toEqual([403, paused]);
    }
    expect([(await app.get(`/runs/${first?.id}`)).status, app.runs.length]).toEqual([200, 1]);
    await change(app, { allowed_hosts: null });
    expect((await app.post("/code", GOOD)).status).toBe(200);
  });

  it("that were configured for a server before stop counting when the environment moves to another", async () => {
    const readConfig = async () => ({ allowed_hosts: ["ghe.example"] });
    const app = createTestApp({ host: { readConfig } });
    expect((await show(app)).allowed_hosts).toEqual({ value: [], source: "runtime" });
  });
});
