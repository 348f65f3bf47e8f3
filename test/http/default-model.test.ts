/** Whose model, and which, a request gets that leaves both to the operator. */
import { describe, expect, it } from "vitest";
import type { ConfigView } from "../../src/http/config.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";

const GOOD = { repoUrl: "https://github.com/octocat/hello", prompt: "Fix it" };

/** Starts a run that wants a model, and answers whose and which it is to be. */
async function wish(app: TestApp) {
  await (await app.post("/code", { ...GOOD, use_llm: true })).text();
  const request = app.runs.at(-1)?.request;
  return [request?.llm_provider, request?.llm_model];
}

describe("a request that wants a model without saying whose", () => {
  const OPENAI_API_KEY = "oa-canary-0123456789";
  const ANTHROPIC_API_KEY = "an-canary-0123456789";

  it.each([
    ["is left open by keys alone", { OPENAI_API_KEY, ANTHROPIC_API_KEY }, ["rule_based", undefined]],
    [
      "is left open by an operator who chose the rules",
      { OPENAI_API_KEY, DEFAULT_LLM_PROVIDER: "rule_based" },
      ["rule_based", undefined],
    ],
    ["gets the provider that was chosen", { DEFAULT_LLM_PROVIDER: "anthropic" }, ["anthropic", undefined]],
    [
      "gets the provider that the default model's name tells",
      { OPENAI_API_KEY, DEFAULT_LLM_MODEL: "claude-test" },
      ["anthropic", "claude-test"],
    ],
    [
      "gets the provider that the default model's name tells, also beside the rules",
      { DEFAULT_LLM_PROVIDER: "rule_based", DEFAULT_LLM_MODEL: "gpt-4" },
      ["openai", "gpt-4"],
    ],
    [
      "gets a default model that could be anybody's from who has a key",
      { ANTHROPIC_API_KEY, DEFAULT_LLM_MODEL: "llama3" },
      ["anthropic", "llama3"],
    ],
    [
      "gets no model that nobody is known to have",
      { DEFAULT_LLM_MODEL: "llama3" },
      ["rule_based", undefined],
    ],
  ])("%s", async (_name, environment, expected) => {
    expect(await wish(createTestApp({ environment }))).toEqual(expected);
  });

  it("gets the model configured at run time from whom its name tells", async () => {
    const app = createTestApp({ environment: { OPENAI_API_KEY } });
    const response = await app.post("/config", { default_llm_model: "claude-test" });
    const { default_llm_provider } = (await response.json()) as ConfigView;
    expect(default_llm_provider).toEqual({ value: "anthropic", source: "default" });
    expect(await wish(app)).toEqual(["anthropic", "claude-test"]);
  });
});
