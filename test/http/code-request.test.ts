/** What good bodies become, with every default filled in. */
import { describe, expect, it } from "vitest";
import { createCodeRequestParser } from "../../src/http/code-request.ts";
import type { RunDefaults } from "../../src/http/config.ts";
import type { RunRequest } from "../../src/run/request.ts";

const DEFAULTS: RunDefaults = {
  llm_provider: "anthropic",
  llm_model: "claude-test",
  sandbox_provider: "docker",
  has_runner: true,
  limits: { max_turns: 30, max_tokens: 2_000_000, max_cost_usd: 2, timeout_seconds: 300 },
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
  setup_command: undefined,
  protected_paths: [],
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
      setup_command: " npm ci ",
      protected_paths: ["*.lock", "deploy/**/*.{yml,yaml}", "app/\\(auth\\)/", "docs", "über/*"],
      allow_workflows: true,
      limits: { max_turns: 100, max_tokens: 50_000_000, max_cost_usd: 0, timeout_seconds: 900 },
    };
    expect(code(body)).toEqual({
      ...READ,
      ...body,
      test_command: "npm test && npm run lint",
      setup_command: "npm ci",
    });
  });

  it.each([
    ["the default provider", {}, "docker", "docker"],
    ["a place where commands run, when the default has none", {}, "local", "docker"],
    ["what it names", { sandbox_provider: "local" }, "docker", "local"],
    ["the default without a sandbox", { use_cloud_sandbox: false }, "local", "local"],
  ] as const)(
    "takes a sandbox to be in %s",
    (_where, more: { sandbox_provider?: string; use_cloud_sandbox?: boolean }, fallback, provider) => {
      const asking = { ...MINIMAL, use_cloud_sandbox: true, ...more };
      const parse = (has_runner: boolean) =>
        createCodeRequestParser({
          serverUrl: "https://github.com",
          defaults: () => ({ ...DEFAULTS, sandbox_provider: fallback, has_runner }),
        }).code(asking)({}).sandbox_provider;
      expect(parse(true)).toBe(provider);
      expect(parse(false)).toBe(more.sandbox_provider ?? fallback);
    },
  );

  it("takes null for a model, a branch and a command that were not chosen", () => {
    expect(
      code({ ...MINIMAL, llm_model: null, base_branch: null, test_command: null, setup_command: null }),
    ).toEqual(READ);
  });

  it("lays some limits over the defaults", () => {
    expect(code({ ...MINIMAL, limits: { max_turns: 1 } }).limits).toEqual({
      max_turns: 1,
      max_tokens: 2_000_000,
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
  const undecided = createCodeRequestParser({
    serverUrl: "https://github.com",
    defaults: () => ({ ...DEFAULTS, llm_provider: "rule_based", llm_model: undefined }),
  });

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
    ["whoever's the model is", { use_llm: true, llm_model: "gpt-5.5" }, "openai", "gpt-5.5"],
    [
      "whoever's the model is, though the rules were named",
      { use_llm: true, llm_provider: "rule_based", llm_model: "o3-mini" },
      "openai",
      "o3-mini",
    ],
    [
      "the provider named, whoever's the model is",
      { use_llm: true, llm_provider: "openai", llm_model: "claude-other" },
      "openai",
      "claude-other",
    ],
    [
      "the default provider for a model that could be anybody's",
      { use_llm: true, llm_model: "llama3" },
      "anthropic",
      "llama3",
    ],
    ["the rules, when no model is wanted but named", { llm_model: "gpt-5.5" }, "rule_based", "gpt-5.5"],
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

  it.each([
    "claude-sonnet-5-5:anthropic",
    "Claude-3:anthropic",
    "gpt-4:openai",
    "GPT-4o:openai",
    "o1:openai",
    "o4-mini:openai",
    "chatgpt-4o-latest:openai",
    "codex-mini:openai",
    "llama3:rule_based",
    "olmo-2:rule_based",
    "anthropic/claude-3:rule_based",
    "my-gpt:rule_based",
  ])("is told by the model's name, or left open: %s", (pair) => {
    const at = pair.lastIndexOf(":");
    const [llm_model, llm_provider] = [pair.slice(0, at), pair.slice(at + 1)];
    const request = undecided.code({ ...MINIMAL, use_llm: true, llm_model })({});
    expect([request.llm_provider, request.llm_model]).toEqual([llm_provider, llm_model]);
  });

  it("is left open when a model is wanted and nobody's was chosen", () => {
    const request = undecided.code({ ...MINIMAL, use_llm: true })({});
    expect([request.use_llm, request.llm_provider, request.llm_model]).toEqual([
      true,
      "rule_based",
      undefined,
    ]);
  });
});

describe("another prompt", () => {
  const earlier = code({
    ...MINIMAL,
    use_llm: true,
    llm_provider: "openai",
    llm_model: "gpt-5.5",
    protected_paths: ["*.lock"],
    limits: { max_tokens: 5_000 },
  });
  const again = (body: object) => parser.prompt({ prompt: "Go on", ...body })(earlier)({});

  it.each([
    [{}, "openai", "gpt-5.5"],
    [{ llm_model: "claude-other" }, "anthropic", "claude-other"],
    [{ llm_model: "llama3" }, "openai", "llama3"],
    [{ llm_model: null }, "openai", undefined],
    [{ llm_provider: "rule_based" }, "anthropic", "claude-test"],
    [{ llm_provider: "rule_based", llm_model: "gpt-4" }, "openai", "gpt-4"],
    [{ llm_provider: "anthropic" }, "anthropic", "claude-test"],
    [{ use_llm: false, llm_model: "claude-other" }, "openai", "claude-other"],
  ])("that says %j has its provider and model", (body, llm_provider, llm_model) => {
    const request = again(body);
    expect([request.llm_provider, request.llm_model]).toEqual([llm_provider, llm_model]);
  });

  it("protects what was protected, unless it says otherwise", () => {
    expect([again({}).protected_paths, again({ protected_paths: [] }).protected_paths]).toEqual([
      ["*.lock"],
      [],
    ]);
    expect(again({ limits: { max_turns: 3 } }).limits).toEqual({
      ...DEFAULTS.limits,
      max_turns: 3,
      max_tokens: 5_000,
    });
  });

  it("goes on from a run that is older than a field", () => {
    const { protected_paths: _none, ...old } = earlier;
    const { max_tokens: _neither, ...limits } = earlier.limits;
    const request = parser.prompt({ prompt: "Go on" })({ ...old, limits } as RunRequest)({});
    expect([request.protected_paths, request.limits]).toEqual([[], DEFAULTS.limits]);
  });
});
