/** What good bodies become, with every default filled in. */
import { describe, expect, it } from "vitest";
import { createCodeRequestParser } from "../../src/http/code-request.ts";
import type { RunDefaults } from "../../src/http/config.ts";

const DEFAULTS: RunDefaults = {
  llm_provider: "anthropic",
  llm_model: "claude-test",
  sandbox_provider: "docker",
  limits: { max_turns: 30, max_cost_usd: 2, timeout_seconds: 300 },
};

const parser = createCodeRequestParser({ serverUrl: "https://github.com", defaults: () => DEFAULTS });

const code = (body: unknown) => parser.code(body)({});
const legacy = (body: unknown) => parser.legacy(body)({});

const MINIMAL = { repoUrl: "https://github.com/username/repo", prompt: "Add error handling" };
const READ = {
  repoUrl: "https://github.com/username/repo",
  repo: { owner: "username", name: "repo" },
  prompt: "Add error handling",
  use_llm: false,
  llm_provider: "rule_based",
  llm_model: undefined,
  use_cloud_sandbox: false,
  sandbox_provider: "docker",
  base_branch: undefined,
  draft: false,
  mode: "pull_request",
  test_command: undefined,
  allow_workflows: false,
  limits: DEFAULTS.limits,
};

describe("the documented requests", () => {
  it("reads the basic one word for word", () => {
    const body = JSON.parse(`{
    "repoUrl": "https://github.com/username/repo",
    "prompt": "Add error handling"
  }`);
    expect(legacy(body)).toEqual({ ...READ, sandbox_provider: "local" });
    expect(code(body)).toEqual(READ);
  });

  it("reads the enhanced one word for word", () => {
    const body = JSON.parse(`{
    "repoUrl": "https://github.com/username/repo",
    "prompt": "Add error handling to the main function",
    "use_llm": true,
    "llm_provider": "openai",
    "llm_model": "gpt-4",
    "use_cloud_sandbox": true,
    "sandbox_provider": "docker"
  }`);
    expect(code(body)).toEqual({
      ...READ,
      prompt: "Add error handling to the main function",
      use_llm: true,
      llm_provider: "openai",
      llm_model: "gpt-4",
      use_cloud_sandbox: true,
    });
  });

  it("reads the one of the reference with every default written out", () => {
    const body = {
      ...MINIMAL,
      use_llm: false,
      llm_provider: "rule_based",
      llm_model: "gpt-4",
      use_cloud_sandbox: false,
      sandbox_provider: "local",
    };
    expect(code(body)).toEqual({ ...READ, llm_model: "gpt-4", sandbox_provider: "local" });
  });
});

describe("optional fields", () => {
  it("takes all of them", () => {
    const body = {
      ...MINIMAL,
      use_llm: true,
      llm_provider: "anthropic",
      llm_model: "anthropic/claude-3:beta@2024",
      use_cloud_sandbox: true,
      sandbox_provider: "aws",
      base_branch: "release/1.x",
      draft: true,
      mode: "pull_request",
      test_command: " npm test && npm run lint ",
      allow_workflows: true,
      limits: { max_turns: 100, max_cost_usd: 0, timeout_seconds: 900 },
    };
    expect(code(body)).toEqual({
      ...READ,
      ...body,
      test_command: "npm test && npm run lint",
    });
  });

  it("takes null for a model, a branch and a command that were not chosen", () => {
    expect(code({ ...MINIMAL, llm_model: null, base_branch: null, test_command: null })).toEqual(READ);
  });

  it("lays some limits over the defaults", () => {
    expect(code({ ...MINIMAL, limits: { max_turns: 1 } }).limits).toEqual({
      max_turns: 1,
      max_cost_usd: 2,
      timeout_seconds: 300,
    });
  });

  it("trims the prompt, keeps its lines, and takes 20,000 characters that are 40,000 UTF-16 units", () => {
    expect(code({ ...MINIMAL, prompt: "\n first\n\tsecond \n" }).prompt).toBe("first\n\tsecond");
    expect(code({ ...MINIMAL, prompt: "🙂".repeat(20_000) }).prompt.length).toBe(40_000);
  });

  it.each(["main", "feature/a.b", "a-", "über", "a@b", "lock", "v1.0", "refs"])(
    "takes the branch %s",
    (branch) => {
      expect(code({ ...MINIMAL, base_branch: branch }).base_branch).toBe(branch);
    },
  );
});

describe("the provider and its model", () => {
  it.each([
    [
      "the default provider, when a model is wanted without saying whose",
      { use_llm: true },
      "anthropic",
      "claude-test",
    ],
    [
      "the default provider, when a model is wanted of the rules",
      { use_llm: true, llm_provider: "rule_based" },
      "anthropic",
      "claude-test",
    ],
    [
      "the default provider with the model asked for",
      { use_llm: true, llm_model: "claude-other" },
      "anthropic",
      "claude-other",
    ],
    [
      "another provider without the default one's model",
      { use_llm: true, llm_provider: "openai" },
      "openai",
      undefined,
    ],
    ["the rules, when no model is wanted", {}, "rule_based", undefined],
    ["the provider named, when no model is wanted", { llm_provider: "openai" }, "openai", undefined],
  ])("is %s", (_name, extra, llm_provider, llm_model) => {
    const request = code({ ...MINIMAL, ...extra });
    expect([request.llm_provider, request.llm_model]).toEqual([llm_provider, llm_model]);
  });

  it("is the rules when a model is wanted and there is none, so that the run can say why", () => {
    const without = createCodeRequestParser({
      serverUrl: "https://github.com",
      defaults: () => ({ ...DEFAULTS, llm_provider: "rule_based", llm_model: undefined }),
    });
    const request = without.code({ ...MINIMAL, use_llm: true })({});
    expect([request.use_llm, request.llm_provider, request.llm_model]).toEqual([
      true,
      "rule_based",
      undefined,
    ]);
  });
});
